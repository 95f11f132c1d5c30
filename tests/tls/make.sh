#!/bin/sh
# Makes the certificates of src/integrations/tests/tls.rs anew: an authority, a host on 127.0.0.1, a client, and a stranger
# whom that authority does not know. Their keys guard nothing.
set -e
cd "$(dirname "$0")"
new() { openssl ecparam -name prime256v1 -genkey -noout | openssl pkcs8 -topk8 -nocrypt -out "$1.key"; }
authority() {
    new "$1"
    openssl req -x509 -new -key "$1.key" -days 36500 -subj "/CN=$1" -out "$1.pem" \
        -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign
}
signed() {
    new "$1"
    openssl req -new -key "$1.key" -subj "/CN=$1" |
        openssl x509 -req -CA "$2.pem" -CAkey "$2.key" -days 36500 -extfile "$3" -out "$1.pem"
    cat "$1.key" >>"$1.pem"
    rm "$1.key"
}
printf 'subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth\n' >host.ext
printf 'subjectAltName=DNS:gateway\nextendedKeyUsage=clientAuth\n' >client.ext
authority authority
authority stranger
signed host authority host.ext
signed client authority client.ext
signed other stranger client.ext
rm ./*.ext ./*.key
