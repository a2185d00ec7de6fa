# The operator as an image: docker build -t okta-rotator:0.1.0 .
# The interpreter is the version line that the tests run on.
ARG PYTHON=3.11.14-slim-trixie

FROM python:${PYTHON} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src

# Dependencies first: this layer changes only with the pins.
COPY requirements/run.txt requirements/run.txt
RUN python -m venv --without-pip /opt/okta-rotator \
 && pip --python /opt/okta-rotator/bin/python install --no-deps --require-hashes --only-binary :all: -r requirements/run.txt

COPY requirements/build.txt requirements/build.txt
RUN pip install --no-deps --require-hashes --only-binary :all: -r requirements/build.txt

COPY pyproject.toml README.md LICENSE ./
COPY operator operator
RUN python -m hatchling build --target wheel --directory /dist \
 && pip --python /opt/okta-rotator/bin/python install --no-index --no-deps /dist/*.whl

FROM python:${PYTHON}
LABEL org.opencontainers.image.title=okta-rotator \
      org.opencontainers.image.description="A Kubernetes operator that rotates the client secrets of Okta applications" \
      org.opencontainers.image.version=0.1.0 \
      org.opencontainers.image.licenses=Apache-2.0
COPY --from=build /opt/okta-rotator /opt/okta-rotator
# Nothing is written while it runs: the root file system may be read-only.
ENV PATH=/opt/okta-rotator/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
USER 65532:65532
EXPOSE 8080
ENTRYPOINT ["okta-rotator"]
