import Primitives
import ProxmoxAPI
import Web

/// The `PVE_*` variables, which stand for a file with one module when PVE_USER is set.
enum ModuleEnvironment {
    static let variables: [(name: String, help: String)] = [
        ("PVE_USER", "NAME@REALM for /pve. When it is set, the file of --pve.config-file is not read."),
        ("PVE_PASSWORD", "Its password."),
        ("PVE_TOKEN_NAME", "Name of its API token."),
        ("PVE_TOKEN_VALUE", "The token's secret."),
        ("PVE_VERIFY_SSL", "false or 0 accepts any certificate: whoever answers gets the credential."),
        ("PVE_MODULE", "The module's name; default without it."),
    ]

    /// nil when PVE_USER is not set.
    static func read(_ environment: [String: String]) throws(Failure) -> [String: DropInModule]? {
        func variable(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        guard let user = variable("PVE_USER") else { return nil }
        let credential: ProxmoxCredential
        do throws(Failure) {
            switch (variable("PVE_TOKEN_NAME"), variable("PVE_TOKEN_VALUE"), variable("PVE_PASSWORD")) {
            case (let name?, let value?, _): credential = try ProxmoxCredential.token(parsing: "\(user)!\(name)=\(value)")
            case (nil, nil, let password?): credential = try ProxmoxCredential.login(user, Secret(password))
            default: throw Failure(.configuration, "needs PVE_TOKEN_NAME and PVE_TOKEN_VALUE, or PVE_PASSWORD")
            }
        } catch {
            throw Failure(.configuration, "environment variable PVE_USER: \(error.message)")
        }
        var module = DropInModule(credential: credential)
        // Any other word means true, so that a slip of the pen does not open the door.
        if let verify = variable("PVE_VERIFY_SSL"), ["false", "0"].contains(verify.lowercased()) { module.trust = .insecure }
        return [variable("PVE_MODULE") ?? "default": module]
    }
}
