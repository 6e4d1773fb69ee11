# Two stages: the first builds from locked hashes, the second runs and has no compiler and no pip
# cache. No machine-learning framework inside: the reader needs none.
FROM python:3.11-slim-bookworm AS build
WORKDIR /src
RUN python -m venv /opt/yinuo
COPY .ci/build.txt .ci/build.txt
COPY requirements/runtime.txt requirements/runtime.txt
RUN python -m venv /opt/build \
    && /opt/build/bin/pip install --no-cache-dir --require-hashes -r .ci/build.txt \
    && /opt/build/bin/pip wheel --no-cache-dir --no-build-isolation --no-deps --require-hashes \
        --wheel-dir /wheels -r requirements/runtime.txt
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY bot bot
COPY nlp nlp
COPY storage storage
COPY scheduler scheduler
COPY config config
RUN /opt/build/bin/pip wheel --no-cache-dir --no-build-isolation --no-deps --wheel-dir /wheels . \
    && /opt/yinuo/bin/pip install --no-cache-dir --no-index --no-deps /wheels/*.whl \
    && /opt/yinuo/bin/pip check

FROM python:3.11-slim-bookworm
ENV PATH=/opt/yinuo/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    YINUO_DATA_DIR=/var/lib/yinuo
RUN groupadd --gid 10001 yinuo \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/yinuo \
        --shell /usr/sbin/nologin yinuo \
    && install -d -o 10001 -g 10001 -m 0700 /var/lib/yinuo /var/lib/yinuo-keys
COPY --from=build /opt/yinuo /opt/yinuo
USER 10001:10001
WORKDIR /var/lib/yinuo
# The only places that are written besides /tmp: run with a read-only root and a tmpfs there.
VOLUME ["/var/lib/yinuo", "/var/lib/yinuo-keys"]
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
# Channels are switched on by the environment (YINUO_WECOM__..., YINUO_DINGTALK__..., and so on);
# their guides are inside, beside the code: bot/channels/guides.
# Beyond loopback the product starts only behind TLS: set YINUO_WEB__TLS_CERT and _KEY, or name the
# proxy that ends TLS in YINUO_WEB__TRUSTED_PROXIES (compose.yaml does).
CMD ["yinuo", "serve", "--host", "0.0.0.0"]
