import Primitives
import Settings

/// Where a hypervisor is: `qemu:///system`, `qemu+tls://host/system`.
package struct HypervisorURI: Sendable, Equatable {
    /// As libvirt takes it.
    package let text: String
    /// As metrics have it: without user and parameters, which say how one gets there and not where. Only `socket` stays, which tells two daemons of one
    /// machine apart.
    package let label: String

    package static let standard = HypervisorURI(verbatim: "qemu:///system")

    package init(verbatim text: String) {
        self.text = text
        label = Self.label(of: text)
    }

    init(_ element: SettingsTree) throws(Failure) {
        let text = element.text ?? ""
        guard let scheme = text.utf8.firstIndex(of: UInt8(ascii: ":")), scheme != text.startIndex, text.utf8.count <= 500,
            text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\"") })
        else {
            throw element.failure(
                "uris: expected a URI as virsh takes it, such as qemu:///system or qemu+tls://host/system, not \(quoted(text))")
        }
        self.init(verbatim: text)
    }

    private static func label(of text: String) -> String {
        let withoutFragment = text.utf8.prefix { $0 != UInt8(ascii: "#") }
        let query = withoutFragment.firstIndex(of: UInt8(ascii: "?"))
        var bytes = Array(withoutFragment[..<(query ?? withoutFragment.endIndex)])
        let slash = UInt8(ascii: "/")
        if let first = bytes.indices.dropLast().first(where: { bytes[$0] == slash && bytes[$0 + 1] == slash }) {
            let authority = bytes[(first + 2)...].prefix { $0 != slash }
            if let at = authority.lastIndex(of: UInt8(ascii: "@")) { bytes.removeSubrange((first + 2)...at) }
        }
        if let query { bytes += socket(withoutFragment[query...].dropFirst()) }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// `?socket=/run/x` of `no_verify=1&socket=/run/x`; nothing where there is none. libvirt takes names in any case, and `;` for `&`.
    private static func socket(_ query: Substring.UTF8View) -> [UInt8] {
        let parameters = query.split { $0 == UInt8(ascii: "&") || $0 == UInt8(ascii: ";") }
        let name = Array("socket=".utf8)
        for parameter in parameters where parameter.count > name.count && zip(parameter, name).allSatisfy({ $0 | 0x20 == $1 | 0x20 }) {
            return Array("?socket=".utf8) + parameter.dropFirst(name.count)
        }
        return []
    }
}
