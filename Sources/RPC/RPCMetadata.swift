/// Names and values that travel beside a message. Names are lower-case; a name may come more than once.
package struct RPCMetadata: Sendable, Equatable {
    package var pairs: [(name: String, value: String)] = []

    package init(_ pairs: [(name: String, value: String)] = []) { self.pairs = pairs }

    /// The first value of the name.
    package subscript(name: String) -> String? { pairs.first { $0.name == name }?.value }

    package static func == (left: RPCMetadata, right: RPCMetadata) -> Bool {
        left.pairs.elementsEqual(right.pairs) { $0.name == $1.name && $0.value == $1.value }
    }
}
