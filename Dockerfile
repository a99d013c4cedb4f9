# The images of the three services, each a target of its own:
#
#   docker build --target flight-service --tag holdfast/flight-service .
#
# Migrations, settings' defaults and the time zone database are in the binaries. An image holds the
# binary and a health check on a small Debian, and runs as a user without rights.

# By tags, for no digest has been looked up. To pin what is behind them, give digests:
#
#   docker build --build-arg RUST_IMAGE=rust@sha256:… --build-arg RUNTIME_IMAGE=debian@sha256:… …
ARG RUST_VERSION=1.95.0
ARG DEBIAN_RELEASE=bookworm
ARG RUST_IMAGE=rust:${RUST_VERSION}-slim-${DEBIAN_RELEASE}
ARG RUNTIME_IMAGE=debian:${DEBIAN_RELEASE}-slim

# --- the toolchain, and the tool that keeps dependencies in a layer of their own ---

FROM ${RUST_IMAGE} AS toolchain
ARG CARGO_CHEF_VERSION=0.1.78
RUN cargo install --locked --version "${CARGO_CHEF_VERSION}" cargo-chef
WORKDIR /build
# Line numbers of backtraces stay out of the binaries: they are most of their size.
ENV CARGO_PROFILE_RELEASE_DEBUG=false \
    CARGO_PROFILE_RELEASE_STRIP=debuginfo \
    CARGO_INCREMENTAL=0

# --- what the dependencies are: changes with a manifest or the lock file only ---

FROM toolchain AS recipe
COPY . .
RUN cargo chef prepare --recipe-path recipe.json

# --- the dependencies, then the services ---

FROM toolchain AS build
COPY --from=recipe /build/recipe.json recipe.json
RUN cargo chef cook --release --locked --recipe-path recipe.json \
        --package flight-service --package booking-service --package payment-service
COPY . .
RUN cargo build --release --locked --bins \
        --package flight-service --package booking-service --package payment-service \
    && mkdir /out \
    && mv target/release/flight-service target/release/booking-service \
        target/release/payment-service /out/

# --- what the images share ---

FROM ${RUNTIME_IMAGE} AS runtime
RUN groupadd --system --gid 10001 holdfast \
    && useradd --system --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent \
        --shell /usr/sbin/nologin holdfast
# For auth.jwks_url: whose keys are the log-in's is vouched for by these.
COPY --from=toolchain /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --chmod=0755 docker/healthcheck /usr/local/bin/healthcheck
# By number: an orchestrator can see that it is not root.
USER 10001:10001
HEALTHCHECK --interval=5s --timeout=4s --start-period=60s --retries=3 \
    CMD ["/usr/local/bin/healthcheck"]

# --- the images ---

FROM runtime AS flight-service
COPY --from=build /out/flight-service /usr/local/bin/flight-service
ENV PORT=8080
EXPOSE 8080
ENTRYPOINT ["/usr/local/bin/flight-service"]

FROM runtime AS booking-service
COPY --from=build /out/booking-service /usr/local/bin/booking-service
ENV PORT=8081
EXPOSE 8081
ENTRYPOINT ["/usr/local/bin/booking-service"]

FROM runtime AS payment-service
COPY --from=build /out/payment-service /usr/local/bin/payment-service
ENV PORT=8082
EXPOSE 8082
ENTRYPOINT ["/usr/local/bin/payment-service"]
