"""OAuth 2 and `auth login`, against an authorization server that gives refresh tokens for one use."""

import html
import http.cookiejar
import json
import os
import re
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from harness import LIMIT, PROGRAM, WORLD, check, holds, same, short, tool, trial

LOGIN = os.environ["LOGIN"]
# While this file is there, the next token is revoked as soon as it is given.
REFUSE = Path(os.environ["REFUSE"])


def seen(client):
    """The requests for tokens that this client has made: of what kind, and with what status they were answered."""
    with urllib.request.urlopen(f"{LOGIN}/seen") as answer:
        return [(one["grant"], one["status"]) for one in json.load(answer) if one.get("client") == client]


@check("client credentials: a token for the client's secret, whatever letters it has")
def machine():
    came = tool("machine.who")
    same((came["outcome"], came["mapped"]["authenticated"]), ("done", True))
    same(seen("machine"), [("client_credentials", 200)])
    holds(os.environ["INDEPENDENT_CLIENT"] not in short(came), came)


@check("client credentials: the secret in the body")
def poster():
    came = tool("poster.who")
    same((came["outcome"], came["mapped"]["authenticated"]), ("done", True))


@check("client credentials: a wrong secret is no token, nothing is sent, and it is told")
def wrong_secret():
    came = tool("poster.who", INDEPENDENT_CLIENT="wrong")
    same(came["outcome"], "failed")
    holds("invalid_client" in short(came) and "wrong" not in short(came), came)


class Browser:
    """A person's browser: keeps cookies, follows redirects, fills in forms."""

    def __init__(self):
        cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), cookies)
        self.page = ""

    def opens(self, address, form=None):
        data = None if form is None else urllib.parse.urlencode(form).encode()
        try:
            with self.opener.open(address, data, timeout=LIMIT) as page:
                self.page, self.at = page.read().decode("utf-8"), page.url
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{address} answered {error.code}: {short(error.read().decode())}") from None

    def submits(self, **fields):
        action = html.unescape(re.search(r'<form[^>]*action="([^"]*)"', self.page).group(1))
        hidden = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', self.page)
        self.opens(urllib.parse.urljoin(self.at, action), {**dict(hidden), **fields})

    def clicks(self, words):
        link = next(at for at, text in re.findall(r'<a href="([^"]*)">([^<]*)</a>', self.page) if words in text)
        self.opens(urllib.parse.urljoin(self.at, html.unescape(link)))


def login(tokens, *person):
    """Runs `auth login`, and does what the person does with the address that it prints."""
    command = [PROGRAM, "auth", "login", "person", "--root", WORLD, "--tokens", tokens]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as running:
        try:
            first, address = running.stdout.readline(), running.stdout.readline().strip()
            holds(address.startswith(f"{LOGIN}/auth?"), first + address)
            browser = Browser()
            browser.opens(address)
            for step in person:
                step(browser)
            rest, _ = running.communicate(timeout=LIMIT)
        finally:
            running.kill()
    return running.returncode, rest, browser.page, address


def allows(browser):
    browser.submits(login="ana", password="anything")
    browser.submits()


def kept(tokens):
    return (Path(tokens) / "person").read_text() if (Path(tokens) / "person").exists() else one(tokens)


def one(tokens):
    files = [file for file in Path(tokens).iterdir() if "refresh_token" in file.read_text()]
    same(len(files), 1, "the count of files with a token")
    return files[0].read_text()


@check("auth login: a code with PKCE, tokens that rotate, a revoked one, and one that came twice")
def person():
    with tempfile.TemporaryDirectory(dir=os.environ["SCRATCH"]) as tokens:
        before = trial("person.me", None, "--tokens", tokens)
        holds(before.code != 0 and "auth login person" in before.out + before.err, before.out + before.err)
        code, told, page, address = login(tokens, allows)
        same((code, "logged in for `person`" in told), (0, True), told)
        holds("Thank you" in page, page)
        holds("code_challenge_method=S256" in address, address)
        first = kept(tokens)
        me = tool("person.me", None, "--tokens", tokens)
        same((me["outcome"], me["mapped"]), ("done", {"sub": "ana"}))
        second = kept(tokens)
        holds(first != second, "the refresh token is the old one")
        same(seen("person"), [("authorization_code", 200), ("refresh_token", 200)])

        # The token is refused with 401: a new one, and once again.
        REFUSE.touch()
        again = tool("person.me", None, "--tokens", tokens)
        same((again["outcome"], again["mapped"], REFUSE.exists()), ("done", {"sub": "ana"}, False))
        same(seen("person")[2:], [("refresh_token", 200)] * 2)

        # An old refresh token is a stolen one, to that server: it ends all that came of it.
        for file in Path(tokens).iterdir():
            if "refresh_token" in file.read_text():
                file.write_text(first)
        stale = tool("person.me", None, "--tokens", tokens)
        same((stale["outcome"], seen("person")[-1]), ("failed", ("refresh_token", 400)))
        holds("invalid_grant" in short(stale) and not stale["exchanges"], stale)
        shutil.rmtree(tokens)
        os.mkdir(tokens)
        code, told, _, _ = login(tokens, allows)
        same((code, tool("person.me", None, "--tokens", tokens)["outcome"]), (0, "done"), told)


@check("auth login: a person who does not allow it")
def denies():
    with tempfile.TemporaryDirectory(dir=os.environ["SCRATCH"]) as tokens:
        code, told, _, _ = login(tokens, lambda browser: browser.clicks("Cancel"))
        same((code, "access was denied" in told), (1, True), told)
        same([file for file in Path(tokens).iterdir() if "refresh_token" in file.read_text()], [])
