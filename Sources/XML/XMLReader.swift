import ExpatShim
package import Primitives

/// Reads whole documents.
package enum XMLReader {
    /// The root element.
    ///
    /// - Parameter source: what the document is, for messages: `libvirt's description of guest web1`.
    /// - Throws: `malformed` with `source:line:column`, and `limit`.
    package static func read(_ text: String, source: String, limits: XMLLimits = XMLLimits()) throws(Failure) -> XMLElement {
        try read(bytes: Array(text.utf8), source: source, limits: limits)
    }

    /// The root element. Whatever encoding the document says it has, it is read as UTF-8.
    package static func read(bytes: [UInt8], source: String, limits: XMLLimits = XMLLimits()) throws(Failure) -> XMLElement {
        guard bytes.count <= limits.bytes else { throw Failure(.limit, "\(source): larger than \(limits.bytes) bytes") }
        let builder = XMLTreeBuilder(limits: limits)
        let result = bytes.withUnsafeBufferPointer { bytes in
            var listener = mlt_xml_listener(
                context: Unmanaged.passUnretained(builder).toOpaque(),
                start: { context, name, attributes, line, column in
                    guard let builder = XMLTreeBuilder.at(context), let name, let attributes else { return 0 }
                    return builder.start(String(cString: name), attributes, line: line, column: column) ? 1 : 0
                },
                end: { XMLTreeBuilder.at($0)?.end() == true ? 1 : 0 },
                text: { context, bytes, size in
                    guard let builder = XMLTreeBuilder.at(context) else { return 0 }
                    return builder.text(UnsafeBufferPointer(start: bytes, count: size)) ? 1 : 0
                })
            return mlt_xml_read(bytes.baseAddress, bytes.count, &listener)
        }
        let place = "\(source):\(result.line):\(result.column)"
        switch result.outcome {
        case mlt_xml_ok:
            guard let root = builder.root else { throw Failure(.malformed, "\(place): there is no element") }
            return root
        case mlt_xml_doctype:
            throw Failure(.malformed, "\(place): there is a DOCTYPE, and documents with entities of their own are refused")
        case mlt_xml_stopped: throw Failure(.limit, "\(source):\(builder.complaint ?? "0:0: too large")")
        case mlt_xml_memory: throw Failure(.limit, "\(place): no memory to read it")
        default:
            throw Failure(.malformed, "\(place): not XML: \(result.message.map { String(cString: $0) } ?? "unknown error")")
        }
    }
}

/// Puts elements together as expat tells of them.
private final class XMLTreeBuilder {
    private struct Open {
        var element: XMLElement
        var text: [UInt8] = []
        /// What prefixes stand for within; the empty one is the default.
        var namespaces: [String: String]
    }

    private let limits: XMLLimits
    private var open: [Open] = []
    private var elements = 0
    private var attributes = 0
    private(set) var root: XMLElement?
    /// Where which limit was reached.
    private(set) var complaint: String?

    init(limits: XMLLimits) { self.limits = limits }

    static func at(_ context: UnsafeMutableRawPointer?) -> XMLTreeBuilder? {
        context.map { Unmanaged<XMLTreeBuilder>.fromOpaque($0).takeUnretainedValue() }
    }

    func start(_ name: String, _ pairs: UnsafePointer<UnsafePointer<CChar>?>, line: UInt64, column: UInt64) -> Bool {
        elements += 1
        func stop(_ limit: String) -> Bool {
            complaint = "\(line):\(column): \(limit)"
            return false
        }
        guard elements <= limits.elements else { return stop("more than \(limits.elements) elements") }
        guard open.count < limits.depth else { return stop("nested deeper than \(limits.depth) elements") }
        var found: [XMLElement.Attribute] = []
        var namespaces = open.last?.namespaces ?? [:]
        var next = pairs
        while let key = next[0], let value = next[1] {
            attributes += 1
            guard attributes <= limits.attributes else { return stop("more than \(limits.attributes) attributes") }
            let attribute = XMLElement.Attribute(name: String(cString: key), value: String(cString: value))
            if attribute.name == "xmlns" {
                namespaces[""] = attribute.value
            } else if attribute.name.hasPrefix("xmlns:") {
                namespaces[String(attribute.name.dropFirst(6))] = attribute.value
            }
            found.append(attribute)
            next += 2
        }
        let prefix = name.firstIndex(of: ":").map { String(name[..<$0]) } ?? ""
        let namespace = namespaces[prefix].flatMap { $0.isEmpty ? nil : $0 }
        open.append(Open(element: XMLElement(name, namespace: namespace, attributes: found), namespaces: namespaces))
        return true
    }

    func end() -> Bool {
        guard var done = open.popLast() else { return false }
        done.element.text = String(decoding: done.text, as: UTF8.self)
        if open.isEmpty { root = done.element } else { open[open.count - 1].element.children.append(done.element) }
        return true
    }

    func text(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard !open.isEmpty else { return true }
        open[open.count - 1].text.append(contentsOf: bytes)
        return true
    }
}
