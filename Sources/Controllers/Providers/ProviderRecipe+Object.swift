import Objects
import Reconciling

extension ProviderRecipe {
    /// Why no way can be made of an object.
    struct Problem: Error {
        let reason: String
        let message: String
        /// Whether the object is well, and only its Secret is not.
        var isOfSecret = false
    }

    static func of(_ provider: Provider, _ secrets: Informer<ManagerSecret>) -> Result<ProviderRecipe, Problem> {
        let spec = provider.spec
        var settings = LinkSettings()
        settings.callsPerSecond = Double(spec.rateLimit.callsPerSecond)
        settings.burst = Double(spec.rateLimit.burst)
        var recipe = ProviderRecipe(name: provider.fullName, type: spec.type, endpoint: spec.endpoint, settings: settings)
        if spec.endpoint.hasPrefix("unix:") { return .success(recipe) }
        guard spec.endpoint.hasPrefix("grpc://") || spec.endpoint.hasPrefix("tcp://") else {
            return .failure(
                Problem(
                    reason: "ValidationError",
                    message:
                        "spec.endpoint is \(spec.endpoint), the address of a hypervisor: start a provider for it (martlet-manager provider \(spec.type)) and give that one's address, unix:///PATH or grpc://HOST:PORT"
                ))
        }
        guard let tls = spec.tls, tls.isEnabled, !spec.skipsVerification, let reference = tls.secretRef else {
            return .failure(
                Problem(
                    reason: "ValidationError",
                    message:
                        "spec.runtime.service.tls must be enabled and name a Secret with tls.crt, tls.key and ca.crt: over a network a provider is called with certificates on both sides, and over unix:///PATH without"
                ))
        }
        let name = reference.fullName(in: provider.metadata.namespace)
        guard let secret = secrets.get(reference.objectName(in: provider.metadata.namespace)) else {
            return .failure(Problem(reason: "WaitingForDependencies", message: "Secret \(name) is not there", isOfSecret: true))
        }
        guard let certificate = secret.bytes("tls.crt"), let key = secret.bytes("tls.key"), let authority = secret.bytes("ca.crt") else {
            let message = "Secret \(name) must have tls.crt, tls.key and ca.crt, in base64"
            return .failure(Problem(reason: "ValidationError", message: message, isOfSecret: true))
        }
        recipe.certificates = Certificates(certificate: certificate, key: key, authority: authority, origin: "Secret \(name)")
        return .success(recipe)
    }
}
