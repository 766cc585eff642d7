package import Primitives
package import RPC

/// What a way to a provider is made of: of its object, and of the Secret that this names.
package struct ProviderRecipe: Sendable, Equatable {
    /// What is shown to a provider over a network, and who signed what it must show.
    package struct Certificates: Sendable, Equatable {
        /// PEM.
        package var certificate: [UInt8]
        /// PEM; a secret.
        package var key: [UInt8]
        /// PEM.
        package var authority: [UInt8]
        /// Where they are from, as people know it: `Secret default/tls`.
        package var origin: String

        package init(certificate: [UInt8], key: [UInt8], authority: [UInt8], origin: String) {
            self.certificate = certificate
            self.key = key
            self.authority = authority
            self.origin = origin
        }
    }

    /// `namespace/name`
    package var name: String
    package var type: String
    package var endpoint: String
    package var certificates: Certificates?
    package var settings: LinkSettings

    package init(name: String, type: String, endpoint: String, certificates: Certificates? = nil, settings: LinkSettings = LinkSettings()) {
        self.name = name
        self.type = type
        self.endpoint = endpoint
        self.certificates = certificates
        self.settings = settings
    }
}

/// Makes ways to providers: over gRPC in the manager, within the process in tests.
package protocol ProviderDialer: Sendable {
    /// Does not connect: a provider that is not there is no error.
    /// - Returns: the way, and what is called when it is not needed any more.
    ///
    /// Errors: an endpoint that is none, certificates that cannot be used.
    func dial(_ recipe: ProviderRecipe) throws(Failure) -> (transport: any RPCTransport, close: @Sendable () -> Void)
}
