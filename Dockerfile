# psarecon in a container. `make package` first: the wheel is made outside, so no compiler and no build tool is in here.
# The tag names one Python and one Debian. Pin it by the digest you have looked at: FROM python:…@sha256:…
FROM python:3.11.14-slim-bookworm AS install
COPY requirements/run.txt dist/psarecon-*.whl /install/
RUN python -m venv --without-pip /opt/psarecon
RUN python -m pip --python /opt/psarecon/bin/python install --no-cache-dir --disable-pip-version-check \
        --require-hashes --only-binary :all: -r /install/run.txt \
    && python -m pip --python /opt/psarecon/bin/python install --no-cache-dir --disable-pip-version-check \
        --no-deps --no-index /install/psarecon-*.whl

FROM python:3.11.14-slim-bookworm
RUN useradd --system --uid 10001 --create-home psarecon && install -d -o psarecon -m 700 /ledger
COPY --from=install /opt/psarecon /opt/psarecon
ENV PATH=/opt/psarecon/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
USER 10001
VOLUME /ledger
WORKDIR /config
ENTRYPOINT ["psarecon"]
