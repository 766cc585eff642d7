package import Objects
package import Primitives
import Settings

/// Values in YAML.
package enum YAMLText {
    /// A document of a file.
    package struct Document: Sendable {
        package let value: ObjectValue
        /// `FILE:LINE` where it begins.
        package let place: String
    }

    /// Reads all documents of a text; those that are empty are left out.
    ///
    /// Types are those of sigs.k8s.io/yaml, which kubectl reads with: see `YAMLScalar`. Errors begin with `path:line:column`.
    package static func documents(_ bytes: [UInt8], path: String) throws(Failure) -> [Document] {
        try YAMLDocuments.read(bytes, path: path).map { node throws(Failure) in
            Document(value: try value(of: node), place: "\(node.place.path):\(node.place.line)")
        }
    }

    private static func value(of node: YAMLDocuments.Node) throws(Failure) -> ObjectValue {
        switch node.content {
        case .scalar(let text, let isPlain): isPlain ? YAMLScalar.value(ofPlain: text) : .text(text)
        case .sequence(let nodes): .list(try nodes.map { node throws(Failure) in try value(of: node) })
        case .mapping(let members):
            .members(ObjectMembers(try members.map { member throws(Failure) in (member.key, try value(of: member.node)) }))
        }
    }

    /// A document with a line at its end; members in the order of their names, but `apiVersion`, `kind` and `metadata` first.
    package static func text(of value: ObjectValue) -> String {
        var writer = YAMLWriter()
        writer.write(value)
        return writer.text
    }
}
