extension HTTPServerResponse {
    /// The same answer compressed, when the request asks for it and the body is worth it.
    package func gzipped(for request: HTTPServerRequest, fromBytes threshold: Int = 1024) -> HTTPServerResponse {
        guard case .bytes(let bytes) = body, bytes.count > threshold, ContentCoding.acceptsGzip(request.headers["Accept-Encoding"]),
            let stream = try? GzipStream()
        else { return self }
        stream.write(bytes)
        stream.finish()
        var response = self
        response.body = .heap(stream.output)
        response.headers.add("Content-Encoding", "gzip")
        return response
    }
}
