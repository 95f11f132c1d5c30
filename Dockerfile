# One command gives what `make demo` gives. Untried: there was no Docker engine where it was written.
FROM rust:1.95-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends pkg-config libopus-dev libpocketsphinx-dev && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN cargo build --release

FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends \
    ca-certificates libopus0 libpocketsphinx3 pocketsphinx-en-us flite espeak-ng && rm -rf /var/lib/apt/lists/*
WORKDIR /centralita
COPY --from=build /src/target/release/centralita /usr/local/bin/centralita
COPY agents agents
COPY integrations integrations
COPY assets assets
ENTRYPOINT ["centralita"]
CMD ["demo", "refund-yes"]
