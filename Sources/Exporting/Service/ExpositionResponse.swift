package import Metrics
package import Web

/// An exposition as an HTTP answer, compressed when the scraper asks for that.
package enum ExpositionResponse {
    /// Text format 0.0.4, whatever the scraper would like better.
    package static func text(_ exposition: Exposition, acceptEncoding: String?) -> HTTPServerResponse {
        response(exposition, .text, vary: "Accept-Encoding", acceptEncoding)
    }

    /// The format that the scraper likes best.
    ///
    /// - Parameter headers: of the request.
    package static func negotiated(_ exposition: Exposition, _ headers: HTTPHeaders) -> HTTPServerResponse {
        let format = ContentNegotiation.format(accept: headers.values(of: "Accept"))
        return response(exposition, format, vary: "Accept, Accept-Encoding", headers["Accept-Encoding"])
    }

    private static func response(
        _ exposition: Exposition, _ format: ExpositionFormat, vary: String, _ acceptEncoding: String?
    ) -> HTTPServerResponse {
        var headers = HTTPHeaders([("Content-Type", format.contentType), ("Vary", vary)])
        var chunk: [UInt8] = []
        chunk.reserveCapacity(1 << 18)
        if ContentCoding.acceptsGzip(acceptEncoding), let gzip = try? GzipStream() {
            format.write(exposition, through: &chunk) { bytes in
                gzip.write(bytes)
                bytes.removeAll(keepingCapacity: true)
            }
            gzip.finish()
            headers.add("Content-Encoding", "gzip")
            return HTTPServerResponse(status: 200, headers: headers, body: .heap(gzip.output))
        }
        let plain = HeapBytes(reservingBytes: exposition.sampleCount * 128)
        format.write(exposition, through: &chunk) { bytes in
            plain.append(contentsOf: bytes)
            bytes.removeAll(keepingCapacity: true)
        }
        return HTTPServerResponse(status: 200, headers: headers, body: .heap(plain))
    }
}
