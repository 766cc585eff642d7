package import Metrics
package import Web

/// An exposition as an HTTP answer.
package enum ExpositionResponse {
    /// Text format 0.0.4, compressed when the scraper asks for that.
    package static func text(_ exposition: Exposition, acceptEncoding: String?) -> HTTPServerResponse {
        var headers = HTTPHeaders([("Content-Type", TextFormat.contentType), ("Vary", "Accept-Encoding")])
        var chunk: [UInt8] = []
        chunk.reserveCapacity(1 << 18)
        if ContentCoding.acceptsGzip(acceptEncoding), let gzip = try? GzipStream() {
            TextFormat.write(exposition, through: &chunk) { bytes in
                gzip.write(bytes)
                bytes.removeAll(keepingCapacity: true)
            }
            gzip.finish()
            headers.add("Content-Encoding", "gzip")
            return HTTPServerResponse(status: 200, headers: headers, body: .heap(gzip.output))
        }
        let plain = HeapBytes(reservingBytes: exposition.sampleCount * 128)
        TextFormat.write(exposition, through: &chunk) { bytes in
            plain.append(contentsOf: bytes)
            bytes.removeAll(keepingCapacity: true)
        }
        return HTTPServerResponse(status: 200, headers: headers, body: .heap(plain))
    }
}
