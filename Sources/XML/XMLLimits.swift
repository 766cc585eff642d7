/// How large a document may be. What is larger is refused, so that one answer cannot fill the memory.
package struct XMLLimits: Sendable {
    package var bytes: Int
    /// Elements within elements; at most 256, as what holds them is taken apart one within the other. libvirt describes each image below a disk within
    /// the one above it.
    package var depth: Int
    package var elements: Int
    /// Of all elements together.
    package var attributes: Int

    package init(bytes: Int = 8 << 20, depth: Int = 256, elements: Int = 200_000, attributes: Int = 400_000) {
        self.bytes = bytes
        self.depth = min(256, depth)
        self.elements = elements
        self.attributes = attributes
    }
}
