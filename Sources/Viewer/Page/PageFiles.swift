import Primitives
import Web

/// The files of the page, read once: a request names one of them or nothing. No path is ever made of what a request says.
struct PageFiles: Sendable {
    private struct File {
        let contentType: String
        let tag: String
        let plain: [UInt8]
        /// nil where it would gain nothing.
        let compressed: [UInt8]?
    }

    private static let contentTypes = [
        "html": "text/html; charset=utf-8", "css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8",
        "svg": "image/svg+xml", "json": "application/json", "txt": "text/plain; charset=utf-8", "webmanifest": "application/manifest+json",
    ]
    private static let mostFiles = 500
    private static let mostBytes = 8 << 20

    /// By name below the page's folder, `js/app.js`.
    private let files: [String: File]

    /// - Parameter texts: by name below the page's folder; files of other kinds than a page is made of are left out.
    init(_ texts: [(name: String, bytes: [UInt8])]) {
        var files: [String: File] = [:]
        for (name, bytes) in texts {
            let ending = name.lastIndex(of: ".").map { String(name[name.index(after: $0)...]) } ?? ""
            guard let type = Self.contentTypes[ending] else { continue }
            files[name] = File(contentType: type, tag: Self.tag(bytes), plain: bytes, compressed: Self.compressed(bytes))
        }
        self.files = files
    }

    /// Those of a folder and the folders in it. Errors: there is no page in it.
    static func read(folder: String) throws(Failure) -> [(name: String, bytes: [UInt8])] {
        var found: [(name: String, bytes: [UInt8])] = []
        var total = 0
        var waiting = [""]
        while let prefix = waiting.popLast() {
            guard prefix.utf8.count(where: { $0 == UInt8(ascii: "/") }) <= 4 else { continue }
            for name in (Files.names(in: "\(folder)/\(prefix)", limit: Self.mostFiles) ?? []).sorted() where !name.hasPrefix(".") {
                if name.contains(".") {
                    let bytes = try Files.read("\(folder)/\(prefix)\(name)", limitBytes: Self.mostBytes)
                    total += bytes.count
                    found.append((prefix + name, bytes))
                } else {
                    waiting.append("\(prefix)\(name)/")
                }
                guard found.count <= Self.mostFiles, total <= Self.mostBytes else {
                    throw Failure(
                        .limit, "\(folder) holds more than a page has: \(Self.mostFiles) files and \(Self.mostBytes >> 20) MiB at most")
                }
            }
        }
        guard found.contains(where: { $0.name == "index.html" }) else { throw Failure(.environment, "\(folder) has no index.html") }
        return found
    }

    /// `index.html`, which routes by itself.
    func index(_ request: HTTPServerRequest) -> HTTPServerResponse {
        guard let file = files["index.html"] else {
            return HTTPServerResponse(status: 503, text: "This martlet was built without its page.\n")
        }
        return answer(file, request)
    }

    /// A file by its name below the page's folder.
    func file(_ name: String, _ request: HTTPServerRequest) -> HTTPServerResponse {
        guard let file = files[name] else { return HTTPServerResponse(status: 404, text: "Not found.\n") }
        return answer(file, request)
    }

    private func answer(_ file: File, _ request: HTTPServerRequest) -> HTTPServerResponse {
        // Modules name each other without a version, so a browser asks each time whether it has the present one.
        var headers = HTTPHeaders([("Cache-Control", "no-cache"), ("ETag", file.tag), ("Vary", "Accept-Encoding")])
        if Self.has(file.tag, request.headers["If-None-Match"]) { return HTTPServerResponse(status: 304, headers: headers) }
        headers.add("Content-Type", file.contentType)
        guard let compressed = file.compressed, ContentCoding.acceptsGzip(request.headers["Accept-Encoding"]) else {
            return HTTPServerResponse(status: 200, headers: headers, body: .bytes(file.plain))
        }
        headers.add("Content-Encoding", "gzip")
        return HTTPServerResponse(status: 200, headers: headers, body: .bytes(compressed))
    }

    private static func has(_ tag: String, _ header: String?) -> Bool {
        guard let header else { return false }
        return header.split(separator: ",").contains { $0.drop { $0 == " " } == tag[...] || $0 == "*" }
    }

    /// A weak tag, good for the file compressed and not: FNV-1a of its bytes, and how many there are. It tells versions apart, and is no
    /// proof against who makes two that are the same.
    private static func tag(_ bytes: [UInt8]) -> String {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x0100_0000_01B3 }
        return "W/\"\(String(hash, radix: 16))-\(String(bytes.count, radix: 16))\""
    }

    private static func compressed(_ bytes: [UInt8]) -> [UInt8]? {
        guard bytes.count > 512, let stream = try? GzipStream(level: 9) else { return nil }
        stream.write(bytes)
        stream.finish()
        return stream.output.bytes
    }
}
