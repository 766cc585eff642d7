import Primitives

/// A service's methods, by name: bytes in, bytes out. Only unary calls.
package struct RPCService: Sendable {
    package typealias Method = @Sendable (_ message: [UInt8], _ call: RPCCall) async throws(RPCError) -> [UInt8]

    /// With its package: `provider.v1.Provider`.
    package let name: String
    package let methods: [String: Method]

    /// Of paths that are looked at.
    package static let pathLimitBytes = 256

    package init(name: String, methods: [String: Method]) {
        self.name = name
        self.methods = methods
    }

    /// The method at `/name/Method`.
    package func method(atPath path: String) -> Method? {
        // A client made it up: nothing is looked up by what could not be one of ours.
        guard path.isVisibleASCII(upTo: Self.pathLimitBytes), path.hasPrefix("/\(name)/") else { return nil }
        return methods[String(path.dropFirst(name.utf8.count + 2))]
    }
}
