FROM python:3.11-slim

WORKDIR /opt/cadenza
COPY requirements/run.txt requirements/
RUN pip install --no-cache-dir --require-hashes -r requirements/run.txt
COPY . .
RUN useradd --create-home cadenza \
    && printf '#!/bin/sh\nexec python -m config.cli "$@"\n' > /usr/local/bin/cadenza \
    && chmod 755 /usr/local/bin/cadenza
USER cadenza
ENV PYTHONPATH=/opt/cadenza PYTHONUNBUFFERED=1 CADENZA_WORKSPACE=/workspace
WORKDIR /workspace
ENTRYPOINT ["cadenza"]
CMD ["--help"]
