"""Tools over HTTP, against httpbin: what reached it, and what is made of its answers."""

import os
from urllib.parse import unquote, urlsplit
from urllib.request import urlopen

from harness import ACT, check, holds, same, short, tool

# Each would leave its place, if it could.
HOSTILE = [
    "plain",
    "a/b/../c",
    "../../admin",
    "..",
    ".",
    "%2e%2e%2fadmin",
    "100%",
    "a?x=1&y=2#z;w",
    "a+b c",
    "@evil.example/",
    "//evil.example\\x",
    'quote " \' ` \\" back\\slash',
    '","admin":true,"x":"',
    "{{ call.from }} {word} {% raw %} {# #}",
    "line\r\nX-Admin: true\r\n\r\nGET / HTTP/1.1",
    "tab\tand\x0bmore\x7f",
    "<!--#exec--><b>&amp;",
    "ñandú Straße Ωμέγα Жук",
    "عربى \u202eevil\u202c 漢字 ๙",
    "👩‍👩‍👧‍👦 🇪🇸 e\u0301 \u200b|\ufeff|",
    "\U0010ffff\ue000\u2028x\u2029y",
    "--centralita\r\nContent-Disposition: form-data; name=\"admin\"\r\n\r\n1",
    "x" * 2000,
    "漢" * 2000,
]


# Those that the forms of bodies are about.
FORMS = [word for word in HOSTILE if any(sign in word for sign in "%&;+\\\"\r{<👩\u2028漢")]


def exactly(name, of, *more, words=HOSTILE, also=lambda _: {}):
    """Each word comes back as it went."""
    wrong = []
    for word in words:
        try:
            came = tool(name, {"word": word, **also(word)}, *more)
            fault = of(word, came) if came["outcome"] == "done" or not more else came["why"]
        except AssertionError as error:
            fault = str(error)
        if fault:
            wrong.append(f"{word[:40]!r}: {fault}")
    holds(not wrong, "\n        ".join(wrong))


def differs(got, wanted):
    return None if got == wanted else f"{short(got)} and not {short(wanted)}"


@check("GET: hostile words stay one value of the query")
def query():
    def of(word, came):
        args = {"word": word, "more": ["x", word], "both": f"a={word}&b"}
        return differs(came["mapped"] and came["mapped"]["args"], args)

    # An address of more than 64 KiB has no form on the wire.
    exactly("httpbin.query", of, words=HOSTILE[:-1], also=lambda word: {"more": ["x", word]})


@check("GET: hostile words stay one segment of the path")
def path():
    def of(word, came):
        if word in (".", ".."):
            # RFC 3986 has no form in which these are a value: they are refused, and nothing is sent.
            return differs((came["outcome"] == "done", came["exchanges"]), (False, []))
        segments = urlsplit(came["exchanges"][0]["request"]["url"]).path.split("/")
        sent = differs([len(segments), *map(unquote, segments[1:])], [4, "anything", word, "end"])
        # httpbin has no route for a line end in a path, and its framework corrects two slashes.
        if sent or "\n" in word or "//" in word:
            return sent
        # It tells the path half unescaped.
        told = came["mapped"] and unquote(urlsplit(came["mapped"]["url"]).path)
        return differs(told, unquote(f"/anything/{word}/end"))

    exactly("httpbin.path", of)


@check("GET: an address that is too long is not sent, and told as that")
def too_long():
    came = tool("httpbin.query", {"word": HOSTILE[-1], "more": [HOSTILE[-1]] * 2})
    same(came["outcome"], "failed")
    holds("address" in came["why"] and "reached" not in came["why"], came["why"])


@check("GET: a header holds words, and no line end")
def header():
    def of(word, came):
        if any(sign < " " and sign != "\t" or sign == "\x7f" for sign in word):
            return differs((came["outcome"] == "done", came["exchanges"]), (False, []))
        if came["outcome"] != "done":
            return came["why"]
        headers = came["mapped"]["headers"]
        # WSGI tells bytes as Latin-1.
        word_back = headers["X-Word"].encode("latin-1").decode("utf-8")
        return differs((word_back, "X-Admin" in headers), (word, False))

    exactly("httpbin.header", of)


@check("HEAD: an answer without a body")
def head():
    came = tool("httpbin.head")
    same((came["outcome"], came["mapped"]), ("done", {"text": ""}))


@check("POST: JSON keeps its shape and its types, whatever the words")
def post():
    typed = {"count": 9007199254740993, "share": "3.50", "sure": False}

    def of(word, came):
        wanted = {
            "word": word,
            "inside": f"say {word}.",
            "deep": [{"count": 9007199254740993, "share": 3.5, "sure": False}],
        }
        got = came["mapped"]
        return differs((got["json"], got["args"], got["type"]), (wanted, {"word": word}, "application/json"))

    exactly("httpbin.post", of, *ACT, also=lambda _: typed)


@check("POST: a list is a list of JSON, and what is not given has no field")
def lists():
    args = {"word": "w", "count": -3, "share": "0.5", "sure": True, "more": ['"', "]", "ñ"]}
    json = tool("httpbin.post", args, *ACT)["mapped"]["json"]
    same((json["more"], json["deep"]), (['"', "]", "ñ"], [{"count": -3, "share": 0.5, "sure": True}]))


@check("PUT: a text of JSON")
def put():
    exactly("httpbin.put", lambda word, came: differs(came["mapped"]["json"], word), *ACT, words=FORMS)


@check("PATCH: a form")
def patch():
    def of(word, came):
        wanted = {"word": word, "inside": f"say {word}.", "more": ["x", word]}
        kind = "application/x-www-form-urlencoded"
        return differs((came["mapped"]["form"], came["mapped"]["type"]), (wanted, kind))

    exactly("httpbin.patch", of, *ACT, words=FORMS, also=lambda word: {"more": ["x", word]})


@check("POST: parts of multipart/form-data")
def multipart():
    def of(word, came):
        wanted = {"word": word, "inside": f"say {word}."}
        return differs((came["mapped"]["form"], came["mapped"]["files"]), (wanted, {}))

    exactly("httpbin.multipart", of, *ACT, words=FORMS)


@check("DELETE: with a body")
def delete():
    exactly("httpbin.delete", lambda word, came: differs(came["mapped"]["json"], {"word": word}), *ACT, words=FORMS)


@check("an action is not sent without leave, and goes with its key when it has it")
def keyed():
    asked = tool("httpbin.keyed", {"amount": "20"})
    same((asked["outcome"], asked["exchanges"]), ("not sent", []))
    same(asked["asks"]["question"], "Shall I send twenty euros?")
    done = tool("httpbin.keyed", {"amount": "20"}, *ACT)
    same((done["outcome"], done["mapped"]["json"]), ("done", {"amount": "20.00"}))
    holds(len(done["mapped"]["key"]) >= 16, done["mapped"])


@check("auth: a bearer token arrives, and is shown nowhere")
def bearer():
    came = tool("bearer.who")
    same((came["outcome"], came["mapped"]["authenticated"]), ("done", True))
    hidden(came, "INDEPENDENT_TOKEN")


@check("auth: a token that is another is another to httpbin")
def other_bearer():
    came = tool("bearer.headers", INDEPENDENT_TOKEN="quite-another")
    same(came["outcome"], "done")
    holds("quite-another" not in short(came), came)


@check("auth: user and password of any letters (RFC 7617, UTF-8)")
def basic():
    came = tool("basic.enter", {"password": os.environ["INDEPENDENT_PASSWORD"]})
    same((came["outcome"], came["mapped"]["authenticated"]), ("done", True))
    refused = tool("basic.enter", {"password": "wrong"})
    same((refused["outcome"], refused["why"]), ("failed", "It does not let us in."))


@check("auth: headers, and a key in the address beside other values")
def headers():
    came = tool("basic.seen")
    seen = came["mapped"]
    same((seen["headers"]["X-Shop"], seen["args"]["word"]), ("lamps", "a&b=c"))
    # The host repeats the key, and what is ours comes back as stars: so it was sent as it is.
    same(seen["letters"], len("***"))
    holds("X-Shop-Key" in seen["headers"], seen)
    hidden(came, "INDEPENDENT_TOKEN", "INDEPENDENT_PASSWORD")


@check("auth: a key in a header with words before it")
def key():
    came = tool("key.seen")
    same(came["mapped"], {"begins": "***", "letters": len("***")})
    hidden(came, "INDEPENDENT_TOKEN")


def hidden(came, *names):
    for name in names:
        holds(os.environ[name] not in short(came), f"{name} is shown: {short(came)}")


@check("redirects: none is followed, and it is told")
def redirects():
    for code in ("301", "302", "303", "307", "308"):
        to = os.environ["HTTPBIN"] + "/get"
        came = tool("httpbin.redirect", {"to": to, "code": code})
        same((came["outcome"], len(came["exchanges"])), ("failed", 1), code)
        holds(code in came["why"], came["why"])


@check("redirects: of an action, 307 and 308 did nothing; of others nobody knows")
def redirects_of_actions():
    for code, outcome in (("301", "unknown"), ("302", "unknown"), ("303", "unknown"), ("307", "failed"), ("308", "failed")):
        came = tool("httpbin.redirect_act", {"to": os.environ["HTTPBIN"] + "/get", "code": code}, *ACT)
        same((came["outcome"], len(came["exchanges"])), (outcome, 1), code)


@check("status: 2xx is done, 4xx and 5xx are told in the tool's words")
def status():
    for code in ("200", "201", "202", "204", "206"):
        same(tool("httpbin.status", {"code": code})["outcome"], "done", code)
    words = {"404": "There is no such thing.", "503": "The system rests."}
    for code in ("400", "401", "403", "404", "405", "408", "409", "410", "418", "422", "429", "500", "502", "503", "504"):
        came = tool("httpbin.status", {"code": code})
        same((came["outcome"], came["why"]), ("failed", words.get(code, f"the system answered with status {code}")), code)


@check("status: of an action, 4xx is failed and 5xx unknown, unless the system says it did nothing")
def status_of_actions():
    wanted = {"200": "done", "204": "done", "400": "failed", "404": "failed", "409": "failed", "422": "failed", "429": "failed"}
    wanted |= {"500": "unknown", "502": "unknown", "503": "failed", "504": "unknown"}
    for code, outcome in wanted.items():
        came = tool("httpbin.act", {"code": code}, *ACT)
        same((came["outcome"], len(came["exchanges"])), (outcome, 1), code)


@check("delay: within the time it is an answer, beyond it none")
def delay():
    same(tool("httpbin.delay", {"seconds": "1"})["outcome"], "done")
    late = tool("httpbin.delay", {"seconds": "6"})
    same(late["outcome"], "failed")
    holds("in time" in short(late["exchanges"][-1]["answer"]), late)


@check("delay: an action that was not answered in time is unknown, and left once")
def delay_of_actions():
    late = tool("httpbin.delay_act", {"seconds": "6"}, *ACT)
    same((late["outcome"], len(late["exchanges"])), ("unknown", 1))


@check("drip: the deadline is that of the whole body")
def drip():
    came = tool("httpbin.drip", {"seconds": "1"})
    same((came["outcome"], came["mapped"]), ("done", {"text": "*" * 10}))
    late = tool("httpbin.drip", {"seconds": "8"})
    same(late["outcome"], "failed")
    holds(all(passed["ms"] <= 4000 for passed in late["exchanges"]), late)


@check("packed: gzip is asked for and unpacked")
def gzip():
    came = tool("httpbin.gzip")
    same((came["outcome"], came["mapped"]), ("done", {"packed": True}))


@check("packed: deflate, which was not asked for, is no answer, and it is told")
def deflate():
    came = tool("httpbin.deflate")
    same(came["outcome"], "failed")
    holds("packed as deflate" in came["why"], came["why"])


@check("packed: brotli, which was not asked for, is no answer, and it is told")
def brotli():
    came = tool("httpbin.brotli")
    same(came["outcome"], "failed")
    holds("packed as br" in came["why"], came["why"])
    text = tool("httpbin.brotli_text")
    same((text["outcome"], text["why"]), ("failed", came["why"]))


@check("a page where JSON is expected is no answer, and not a word of it reaches the model")
def html():
    came = tool("httpbin.html")
    same((came["outcome"], came["why"]), ("failed", "the system's answer is not JSON"))
    holds("Moby" not in came["model_sees"] and "Melville" not in came["model_sees"], came["model_sees"])


@check("XML and letters of many alphabets are texts as they were written")
def texts():
    xml = tool("httpbin.xml")["mapped"]["text"]
    holds("<slideshow" in xml and "Sample Slide Show" in xml, xml)
    with urlopen(os.environ["HTTPBIN"] + "/encoding/utf8") as page:
        same(tool("httpbin.letters")["mapped"]["text"], page.read().decode("utf-8"))


@check("a long answer is read whole, and the model is told 8 KiB at most")
def long():
    came = tool("httpbin.long")
    same((came["outcome"], came["mapped"]["count"]), ("done", 102400))
    holds(len(came["model_sees"]) <= 8 * 1024, len(came["model_sees"]))


@check("an answer beyond 256 KiB is none")
def huge():
    came = tool("httpbin.huge", {"word": "x" * 2000})
    same(came["outcome"], "failed")
    holds("longer than 256 KiB" in short(came["exchanges"][-1]["answer"]), came)


@check("a document: what is mapped is let through, and nothing else")
def document():
    came = tool("httpbin.json")
    same(came["mapped"], {"title": "Sample Slide Show", "first": "Wake up to WonderWidgets!"})
    holds("author" not in came["model_sees"], came["model_sees"])


@check("a host that is not there: nothing was sent, and it is failed")
def nobody():
    came = tool("nobody.act", {}, *ACT)
    same((came["outcome"]), "failed")
    holds("cannot be reached" in short(came), came)
