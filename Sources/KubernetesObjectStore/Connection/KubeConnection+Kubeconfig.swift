import Primitives
import Settings
import Web

extension KubeConnection {
    /// - Parameter context: nil for the current one.
    init(kubeconfig: Kubeconfig, context: String?) throws(Failure) {
        guard let contextName = context ?? kubeconfig.currentContext else {
            throw Failure(
                .configuration,
                "\(kubeconfig.name): no context is the current one; choose with kubectl config use-context\(Self.known(kubeconfig.contexts))"
            )
        }
        guard let chosen = kubeconfig.contexts[contextName] else {
            throw Failure(
                .configuration, "\(kubeconfig.name): there is no context \(quoted(contextName))\(Self.known(kubeconfig.contexts))")
        }
        let clusterName = chosen.body.word("cluster") ?? ""
        guard let cluster = kubeconfig.clusters[clusterName], let server = cluster.body.word("server") else {
            throw chosen.body.failure("context \(quoted(contextName)) is of cluster \(quoted(clusterName)), of which no server is named")
        }
        let userName = chosen.body.word("user") ?? ""
        let user = kubeconfig.users[userName]
        guard user != nil || userName.isEmpty else {
            throw chosen.body.failure("context \(quoted(contextName)) is of user \(quoted(userName)), who is not among the users")
        }
        var files: [MemoryFile] = []
        try self.init(
            server: server, namespace: chosen.body.word("namespace") ?? "", origin: "\(kubeconfig.name), context \(contextName)",
            trust: Self.trust(cluster, &files), clientCertificate: Self.certificate(user, &files),
            credential: Self.credential(user, userName),
            proxy: cluster.body.word("proxy-url").map(Secret.init), serverName: cluster.body.word("tls-server-name"), files: files)
    }

    private static func known(_ entries: [String: Kubeconfig.Entry]) -> String {
        entries.isEmpty ? "" : "; there are: \(entries.keys.sorted().prefix(20).joined(separator: ", "))"
    }

    private static func trust(_ cluster: Kubeconfig.Entry, _ files: inout [MemoryFile]) throws(Failure) -> HTTPRequest.Trust {
        let isInsecure = cluster.body["insecure-skip-tls-verify"].flag ?? false
        let authority = try cluster.file("certificate-authority", &files)
        if isInsecure {
            guard authority == nil else {
                throw cluster.body.failure(
                    "insecure-skip-tls-verify and a certificate-authority exclude each other; take out one of the two")
            }
            return .insecure
        }
        return authority.map { .authority(file: $0) } ?? .system
    }

    private static func certificate(_ user: Kubeconfig.Entry?, _ files: inout [MemoryFile]) throws(Failure) -> ClientCertificate? {
        guard let user else { return nil }
        let certificate = try user.file("client-certificate", &files)
        let key = try user.file("client-key", &files)
        switch (certificate, key) {
        case (nil, nil): return nil
        case (let certificate?, let key?): return ClientCertificate(certificateFile: certificate, keyFile: key)
        default: throw user.body.failure("client-certificate and client-key belong together; one of the two is missing")
        }
    }

    private static func credential(_ user: Kubeconfig.Entry?, _ name: String) throws(Failure) -> KubeCredential {
        guard let user else { return .none }
        for (key, what) in [
            ("exec", "by running a program"), ("auth-provider", "from a provider that later versions of kubectl do not know either"),
        ]
        where user.body[key].isSet {
            throw user.body[key].failure(
                "user \(quoted(name)) gets credentials \(what) (\(key)), which is not done here; give the kubeconfig a user with the token of a "
                    + "service account (kubectl create token) or a client certificate")
        }
        for key in ["as", "as-uid", "as-groups", "as-user-extra"] where user.body[key].isSet {
            throw user.body[key].failure("\(key): asking in another's name is not done here; name a user who has the rights himself")
        }
        let token = user.body.word("token").map(Secret.init)
        if let path = user.path("tokenFile") {
            do throws(Failure) { return try .tokenFile(path, fallback: token) } catch {
                throw user.body["tokenFile"].failure("tokenFile: \(error.message)")
            }
        }
        if let token { return .token(token) }
        if let login = user.body.word("username") { return .login(login, Secret(user.body.word("password") ?? "")) }
        return .none
    }
}
