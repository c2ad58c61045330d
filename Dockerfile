# feedbot in a container:
#   docker run -v feedbot:/data -p 127.0.0.1:8080:8080 \
#     -e FEEDBOT_TELEGRAM__TOKEN=… -e FEEDBOT_URL=https://… -e FEEDBOT_CHAT=@… feedbot
# Everything it writes is in /data, so that its root can be read-only (see compose.yaml).

FROM python:3.13-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build
COPY requirements-build.txt requirements.txt ./
# Wheels alone, so that nothing is compiled; feedgen publishes none and is pure Python.
RUN pip install -q --require-hashes --only-binary :all: -r requirements-build.txt \
 && pip wheel -q --no-deps --require-hashes --only-binary :all: --no-binary feedgen \
      --no-build-isolation --use-pep517 -w wheels -r requirements.txt
COPY pyproject.toml README.md LICENSE ./
COPY feedbot feedbot
RUN pip wheel -q --no-deps --no-build-isolation -w wheels . \
 && python -m venv --without-pip /opt/feedbot \
 && pip --python /opt/feedbot/bin/python install -q --no-deps --no-index --compile wheels/*.whl

FROM python:3.13-slim-bookworm
# A number of its own: it is what a mounted folder has to belong to.
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /data feedbot \
 && install -d -o feedbot -g feedbot /data
COPY --from=build /opt/feedbot /opt/feedbot
# The bytecode is compiled already; SQLite's large sorts must not need a writable /tmp.
ENV PATH=/opt/feedbot/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    SQLITE_TMPDIR=/data \
    FEEDBOT_CONFIG=/data/config.toml \
    FEEDBOT_WEB__LISTEN=0.0.0.0:8080
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
# http.client knows no proxies, whatever the environment says.
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 CMD ["python", "-c", \
  "import http.client, os; port = os.environ['FEEDBOT_WEB__LISTEN'].rpartition(':')[2]; c = http.client.HTTPConnection('127.0.0.1', int(port), timeout=4); c.request('GET', '/healthz'); raise SystemExit(c.getresponse().status != 200)"]
ENTRYPOINT ["feedbot"]
CMD ["run"]
