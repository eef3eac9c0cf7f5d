# The image of both roles, of the gate and of the command line. The first stage only needs npm, a C compiler and glibc;
# what it makes is all of the image: Node, its libraries, the packages of the lockfile, the sources. No shell.
#
#   docker build -t switchback:dev .
#
# Without any registry: `node hack/image/build.ts` makes the same image without Docker. Or with Docker and a root file
# system that was made here (BUILD is then never pulled):
#
#   node hack/image/build.ts --rootfs build/rootfs && docker build -f hack/image/Dockerfile.local -t switchback:dev build
ARG BUILD=node:24-bookworm
FROM ${BUILD} AS build
WORKDIR /work
COPY package.json package-lock.json ./
RUN npm ci
COPY src ./src
COPY hack/image ./hack/image
RUN node hack/image/build.ts --rootfs /rootfs

FROM scratch
COPY --from=build /rootfs/ /
USER 65532:65532
WORKDIR /app
ENV PATH=/bin NODE_ENV=production
ENTRYPOINT ["/bin/node", "--disable-warning=ExperimentalWarning", "--max-semi-space-size=4", "/app/src/main.ts"]
