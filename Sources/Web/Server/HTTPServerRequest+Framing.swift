extension HTTPServerRequest {
    /// Why nobody should read where a request ends.
    enum FramingProblem: Equatable {
        /// Two readers could see its end in two places; what makes them.
        case ambiguous(String)
        /// A body in chunks, which is fine by the book. libmicrohttpd takes line ends and extensions there that others do not, none of our
        /// clients sends any, and RFC 9112 section 6.3 lets a server insist on a length.
        case chunks
    }

    /// What two readers of this request could understand differently, or nil.
    ///
    /// Where a proxy stands in front, a request whose end it sees elsewhere than we do lets a stranger put a second one into somebody
    /// else's connection; RFC 9112 section 6 has the cases. libmicrohttpd takes them as they come.
    var framingProblem: FramingProblem? {
        if let words = ambiguity { return .ambiguous(words) }
        return headers["Transfer-Encoding"] == nil ? nil : .chunks
    }

    private var ambiguity: String? {
        for field in headers.fields {
            if field.name.isEmpty || !field.name.utf8.allSatisfy(Self.isOfToken) {
                return "a header whose name has other characters than names have"
            }
            if !field.value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }) { return "a header with a control character" }
        }
        let (lengths, codings) = (headers.values(of: "Content-Length"), headers.values(of: "Transfer-Encoding"))
        if headers.values(of: "Host").count > 1 { return "more than one Host header" }
        if lengths.count > 1 { return "more than one Content-Length header" }
        if !lengths.isEmpty && !codings.isEmpty { return "both Content-Length and Transfer-Encoding" }
        if let length = lengths.first, length.isEmpty || !length.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
            return "a Content-Length that is no number"
        }
        if codings.count > 1 || codings.first.map({ !HTTPHeaders.isSame($0, "chunked") }) == true {
            return "a Transfer-Encoding, where only Content-Length is taken"
        }
        return nil
    }

    /// RFC 9110 section 5.6.2; a blank before the colon is what makes one reader see a header where the other sees none.
    private static func isOfToken(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x5E...0x7A, 0x21, 0x23...0x27, 0x2A, 0x2B, 0x2D, 0x2E, 0x7C, 0x7E: true
        default: false
        }
    }
}
