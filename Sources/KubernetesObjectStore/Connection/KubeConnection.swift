package import Primitives
package import Web

/// Which kube-apiserver, whom to believe that it is one, and who we are to it.
///
/// It comes from a kubeconfig, or from the service account of a pod. `find` looks where kubectl does.
package struct KubeConnection: Sendable {
    /// `https://host:6443`, perhaps with a path, without a slash at its end.
    package let server: String
    /// Where objects are without another word.
    package let namespace: String
    /// Where all this was said, for a person: `/root/.kube/config, context kind`.
    package let origin: String

    let trust: HTTPRequest.Trust
    let clientCertificate: ClientCertificate?
    let credential: KubeCredential
    /// Its URL may hold a password.
    let proxy: Secret?
    /// The server by the name that its certificate has, where that is not the URL's host.
    private let named: (url: String, connectTo: String, host: String)?
    /// What was said inside a kubeconfig; `trust` and `clientCertificate` have their paths.
    let files: [MemoryFile]

    init(
        server: String, namespace: String, origin: String, trust: HTTPRequest.Trust = .system, clientCertificate: ClientCertificate? = nil,
        credential: KubeCredential = .none, proxy: Secret? = nil, serverName: String? = nil, files: [MemoryFile] = []
    ) throws(Failure) {
        var server = server
        while server.last == "/" { server.removeLast() }
        let parts = ServerURL(server)
        guard let parts else {
            throw Failure(
                .configuration, "\(origin): the server is no URL such as https://host:6443; write the address of the kube-apiserver")
        }
        if !parts.isSecure, !credential.isNone || clientCertificate != nil, !parts.isLoopback {
            throw Failure(
                .configuration, "\(origin): the server is http, where anybody could read the credential on its way; write an https URL")
        }
        self.server = server
        self.namespace = namespace.isEmpty ? "default" : namespace
        self.origin = origin
        self.trust = trust
        self.clientCertificate = clientCertificate
        self.credential = credential
        self.proxy = proxy
        named = try serverName.map { name throws(Failure) in
            guard let url = parts.url(named: name) else {
                throw Failure(.configuration, "\(origin): tls-server-name is no name of a host")
            }
            return (url, "\(parts.host):\(parts.port)", parts.authority)
        }
        self.files = files
    }

    /// A server that is asked without credentials, as `kubectl proxy` is.
    package init(server: String, namespace: String = "default") throws(Failure) {
        try self.init(server: server, namespace: namespace, origin: server)
    }

    /// The connection that kubectl would make, from the first of these that says anything: a kubeconfig that was named, `KUBECONFIG`, the service account of
    /// the pod that this runs in, `~/.kube/config`.
    ///
    /// Errors: `configuration`, with the file and line where there is one.
    /// - Parameters:
    ///   - kubeconfig: a path; nil when none was named.
    ///   - context: in place of the kubeconfig's current one.
    package static func find(
        kubeconfig: String? = nil, context: String? = nil, environment: [String: String] = ProcessEnvironment.all
    ) throws(Failure) -> KubeConnection {
        if let kubeconfig { return try KubeConnection(kubeconfig: Kubeconfig(files: [kubeconfig]), context: context) }
        let listed = (environment["KUBECONFIG"] ?? "").split(separator: ":").map(String.init)
        if !listed.isEmpty {
            // kubectl passes over those that are not there, but one must be.
            let present = listed.filter(Files.exists)
            guard !present.isEmpty else {
                throw Failure(.configuration, "environment variable KUBECONFIG: there is no \(listed.joined(separator: " and no "))")
            }
            return try KubeConnection(kubeconfig: Kubeconfig(files: present), context: context)
        }
        if context == nil, let account = try inCluster(environment: environment) { return account }
        if let home = environment["HOME"], Files.exists(home + "/.kube/config") {
            return try KubeConnection(kubeconfig: Kubeconfig(files: [home + "/.kube/config"]), context: context)
        }
        throw Failure(
            .configuration,
            "no kube-apiserver is known: name a kubeconfig, set KUBECONFIG, write ~/.kube/config, or run in a pod with a service account")
    }

    /// The service account of the pod that this runs in; nil when this is no pod.
    /// - Parameter folder: where kubelet puts the account.
    package static func inCluster(
        environment: [String: String] = ProcessEnvironment.all, folder: String = "/var/run/secrets/kubernetes.io/serviceaccount"
    ) throws(Failure) -> KubeConnection? {
        guard let host = environment["KUBERNETES_SERVICE_HOST"], let port = environment["KUBERNETES_SERVICE_PORT"], !host.isEmpty,
            !port.isEmpty
        else { return nil }
        let token = folder + "/token"
        guard Files.exists(token) else {
            throw Failure(
                .configuration,
                "this pod has no service account: there is no \(token); set automountServiceAccountToken and a serviceAccountName with the rights"
            )
        }
        return try KubeConnection(
            server: "https://\(host.contains(":") ? "[\(host)]" : host):\(port)",
            namespace: (try? Files.readLine(folder + "/namespace")) ?? "",
            origin: "the pod's service account", trust: .authority(file: folder + "/ca.crt"), credential: .tokenFile(token))
    }

    /// A request, by its path and query below the server's URL.
    package func request(_ method: String, _ path: String, by deadline: Deadline) -> HTTPRequest {
        var request = HTTPRequest(url: (named?.url ?? server) + path, deadline: deadline)
        request.method = method
        if let named {
            request.connectTo = named.connectTo
            request.headers.append(("Host", named.host))
        }
        request.trust = trust
        request.clientCertificate = clientCertificate
        request.proxy = proxy?.reveal()
        if let header = credential.header { request.headers.append(("Authorization", header.reveal())) }
        return request
    }
}

/// What must be known of a server's URL.
private struct ServerURL {
    let isSecure: Bool
    /// With brackets where it is an address of IPv6.
    let host: String
    let port: Int
    /// Host and port as they were written.
    let authority: String
    private let path: String

    init?(_ url: String) {
        let schemes = ["https://", "http://"]
        guard let scheme = schemes.first(where: url.lowercased().hasPrefix), url.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else {
            return nil
        }
        guard !url.utf8.contains(where: "?#@\\".utf8.contains) else { return nil }
        let rest = url.dropFirst(scheme.count)
        let authority = String(rest.prefix { $0 != "/" })
        self.authority = authority
        path = String(rest.dropFirst(authority.count))
        isSecure = scheme == schemes[0]
        let end = authority.lastIndex(of: "]").map { authority.index(after: $0) } ?? authority.firstIndex(of: ":") ?? authority.endIndex
        let host = authority[..<end].lowercased()
        self.host = host
        let tail = authority[end...]
        guard !host.isEmpty, host.hasPrefix("[") == host.hasSuffix("]") else { return nil }
        if tail.isEmpty {
            port = isSecure ? 443 : 80
        } else {
            guard tail.first == ":", let number = tail.dropFirst().utf8.decimalNumber, (1...65535).contains(number) else { return nil }
            port = number
        }
    }

    /// By the address: `127.example.net` is a name, and anybody's.
    var isLoopback: Bool {
        host == "localhost" || HostCheck.isLoopbackAddress(host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host)
    }

    /// The same server by another name.
    func url(named name: String) -> String? {
        guard !name.isEmpty, name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && !"/?#@:\\[]".utf8.contains($0) }) else { return nil }
        return "\(isSecure ? "https" : "http")://\(name):\(port)\(path)"
    }
}
