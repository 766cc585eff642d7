/// A service's methods, by name: bytes in, bytes out. Only unary calls.
package struct RPCService: Sendable {
    package typealias Method = @Sendable (_ message: [UInt8], _ call: RPCCall) async throws(RPCError) -> [UInt8]

    /// With its package: `provider.v1.Provider`.
    package let name: String
    package let methods: [String: Method]

    package init(name: String, methods: [String: Method]) {
        self.name = name
        self.methods = methods
    }

    /// The method at `/name/Method`.
    package func method(atPath path: String) -> Method? {
        guard path.hasPrefix("/\(name)/") else { return nil }
        return methods[String(path.dropFirst(name.utf8.count + 2))]
    }
}
