extension HTTPServerResponse {
    /// The same answer compressed, when the request asks for it and the body is worth it.
    package func gzipped(for request: HTTPServerRequest, fromBytes threshold: Int = 1024) -> HTTPServerResponse {
        guard case .bytes(let bytes) = body, bytes.count > threshold, ContentCoding.acceptsGzip(request.headers["Accept-Encoding"]),
            let stream = try? GzipStream()
        else { return self }
        stream.write(bytes)
        return compressed(stream)
    }

    /// The same of a body that may be large, in short pieces: others who wait for a core have their turn in between.
    package func gzippedInTurns(for request: HTTPServerRequest) async -> HTTPServerResponse {
        let pieceBytes = 256 << 10
        guard case .bytes(let bytes) = body, bytes.count > pieceBytes, ContentCoding.acceptsGzip(request.headers["Accept-Encoding"]),
            let stream = try? GzipStream()
        else { return gzipped(for: request) }
        for start in stride(from: 0, to: bytes.count, by: pieceBytes) {
            stream.write(Array(bytes[start..<min(start + pieceBytes, bytes.count)]))
            await Task.yield()
        }
        return compressed(stream)
    }

    private func compressed(_ stream: GzipStream) -> HTTPServerResponse {
        stream.finish()
        var response = self
        response.body = .heap(stream.output)
        response.headers.add("Content-Encoding", "gzip")
        return response
    }
}
