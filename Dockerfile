# Amends in a container: pinned packages with their hashes, nobody's root, one HTTP port, data in /data.
FROM python:3.13-slim

ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PYTHONPATH=/app PATH=/opt/amends/bin:$PATH

COPY requirements.txt /app/
RUN python -m venv /opt/amends \
    && pip install --no-cache-dir --require-hashes --only-binary :all: -r /app/requirements.txt

COPY bot /app/bot
COPY handlers /app/handlers
COPY storage /app/storage
RUN python -m compileall -q /app \
    && useradd --uid 10001 --user-group --no-create-home --home-dir /data amends \
    && install -d -o amends -g amends -m 0700 /data

USER 10001:10001
# An SQLite database is made here. The program's own folder belongs to root, so that it cannot change itself.
WORKDIR /data
VOLUME /data

# Inside, loopback would be reached by nobody; which address of the host is opened is said with --publish.
ENV AMENDS_HOST=0.0.0.0 AMENDS_PORT=3000
EXPOSE 3000
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
    CMD ["python", "-c", "import os, urllib.request as r; r.build_opener(r.ProxyHandler({})).open(f\"http://127.0.0.1:{os.environ['AMENDS_PORT']}/healthz\", timeout=4)"]

ENTRYPOINT ["python", "-m", "bot"]
CMD ["serve"]
