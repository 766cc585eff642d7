extension HTTPServerRequest {
    /// What two readers of this request could understand differently, or nil.
    ///
    /// Where a proxy stands in front, a request whose end it sees elsewhere than we do lets a stranger put a second one into somebody
    /// else's connection; RFC 9112 section 6 has the cases. libmicrohttpd takes them as they come.
    var framingProblem: String? {
        func values(_ name: String) -> [String] { headers.fields.filter { $0.name.lowercased() == name }.map(\.value) }
        let (lengths, codings) = (values("content-length"), values("transfer-encoding"))
        if values("host").count > 1 { return "more than one Host header" }
        if lengths.count > 1 { return "more than one Content-Length header" }
        if !lengths.isEmpty && !codings.isEmpty { return "both Content-Length and Transfer-Encoding" }
        if let length = lengths.first, length.isEmpty || !length.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
            return "a Content-Length that is no number"
        }
        if codings.count > 1 || codings.first.map({ $0.lowercased() != "chunked" }) == true {
            return "a Transfer-Encoding other than chunked"
        }
        return nil
    }
}
