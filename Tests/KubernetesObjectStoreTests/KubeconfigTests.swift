import Objects
import Primitives
import TestSupport
import Testing
import Web

@testable import KubernetesObjectStore

/// A folder with files in it.
private struct Home {
    let folder = ScratchFolder()

    init(_ files: [String: String]) throws {
        for (name, text) in files { try Files.write(Array(text.utf8), to: path(name)) }
    }

    func path(_ name: String) -> String { "\(folder.path)/\(name)" }

    func find(_ name: String = "config", context: String? = nil) throws(Failure) -> KubeConnection {
        try KubeConnection.find(kubeconfig: path(name), context: context, environment: [:])
    }
}

private func failure(_ body: () throws -> Void) -> String? {
    do {
        try body()
        return nil
    } catch {
        return (error as? Failure)?.message
    }
}

/// A kubeconfig of one of each; `user` and `cluster` are lines of YAML.
private func config(_ user: String = "token: abc", cluster: String = "", server: String = "https://kube.lab:6443") -> String {
    """
    apiVersion: v1
    kind: Config
    current-context: lab
    contexts:
    - name: lab
      context: {cluster: c, user: u, namespace: machines}
    - name: other
      context: {cluster: d, user: u}
    clusters:
    - name: c
      cluster:
        server: \(server)
        \(cluster)
    - name: d
      cluster: {server: "https://[fd00::1]:443/k8s/"}
    users:
    - name: u
      user:
        \(user)
    """
}

private func contents(_ path: String?) -> String? {
    path.flatMap { try? Files.read($0) }.map { String(decoding: $0, as: UTF8.self) }
}

@Suite struct KubeconfigTests {
    @Test func `the current context says where, who and in which namespace`() throws {
        let home = try Home(["config": config()])
        let connection = try home.find()
        #expect(connection.server == "https://kube.lab:6443" && connection.namespace == "machines" && connection.trust == .system)
        #expect(connection.origin == "\(home.path("config")), context lab")
        let request = connection.request("GET", "/version", by: .after(seconds: 1))
        #expect(request.url == "https://kube.lab:6443/version")
        #expect(request.headers.contains { $0 == ("Authorization", "Bearer abc") })
    }

    @Test func `another context is taken by its name`() throws {
        let connection = try Home(["config": config()]).find(context: "other")
        #expect(connection.server == "https://[fd00::1]:443/k8s" && connection.namespace == "default")
    }

    @Test func `what stands inside comes from files in memory, and goes with the connection`() throws {
        let (authority, certificate, key) = (String(repeating: "authority\n", count: 1000), "certificate", "key")
        func text(_ plain: String) -> String { Base64Text.text(Array(plain.utf8)) }
        let user = "{client-certificate-data: \(text(certificate)), client-key-data: \(text(key))}"
        let home = try Home([
            "config": config().replacing("token: abc", with: "client-certificate: /nowhere\n    client-key-data: \(text(key))"),
            "inside": config(cluster: "certificate-authority-data: \(text(authority))").replacing("\n    token: abc", with: " \(user)"),
        ])
        var connection: KubeConnection? = try home.find("inside")
        guard case .authority(let file)? = connection?.trust else {
            Issue.record("no authority")
            return
        }
        #expect(contents(file) == authority)
        #expect(contents(connection?.clientCertificate?.certificateFile) == certificate)
        #expect(contents(connection?.clientCertificate?.keyFile) == key)
        #expect(file.hasPrefix("/proc/self/fd/"))
        connection = nil
        #expect(contents(file) != authority)
        #expect(failure { _ = try home.find() }?.contains("client-certificate: there is no file /nowhere") == true)
    }

    @Test func `relative paths begin at the file's folder`() throws {
        let home = try Home(["config": config(cluster: "certificate-authority: ca.crt"), "ca.crt": "x"])
        #expect(try home.find().trust == .authority(file: home.path("ca.crt")))
    }

    @Test func `a kubeconfig may be JSON`() throws {
        let json =
            #"{"clusters":[{"name":"c","cluster":{"server":"https://a","insecure-skip-tls-verify":true}}],"contexts":[{"name":"x","context":{"cluster":"c"}}],"current-context":"x"}"#
        let connection = try Home(["config": json]).find()
        #expect(connection.server == "https://a" && connection.trust == .insecure && connection.credential.header == nil)
    }

    @Test func `of several files the first word counts`() throws {
        let home = try Home([
            "a": "current-context: lab\nusers:\n- name: u\n  user: {token: first}\n", "b": config("token: second"),
        ])
        let listed = "\(home.path("missing")):\(home.path("a")):\(home.path("b"))"
        let connection = try KubeConnection.find(environment: ["KUBECONFIG": listed])
        #expect(connection.credential.header?.reveal() == "Bearer first" && connection.server == "https://kube.lab:6443")
        #expect(failure { _ = try KubeConnection.find(environment: ["KUBECONFIG": "/no/where"]) }?.contains("/no/where") == true)
    }

    @Test func `without any other word it is in the home folder`() throws {
        let home = try Home([:])
        try Files.makeDirectory(home.path(".kube"))
        try Files.write(Array(config().utf8), to: home.path(".kube/config"))
        #expect(try KubeConnection.find(environment: ["HOME": home.folder.path]).server == "https://kube.lab:6443")
        #expect(failure { _ = try KubeConnection.find(environment: [:]) }?.contains("no kube-apiserver is known") == true)
    }

    @Test(
        arguments: [
            ("token: s3cret", "Bearer s3cret"), (#"{username: ann, password: "s3cret"}"#, "Basic YW5uOnMzY3JldA=="),
            ("username: ann", "Basic YW5uOg=="),
            ("{}", nil),
        ] as [(String, String?)]) func `a user shows a token or a password`(user: String, header: String?) throws
    {
        let text = user.hasPrefix("{") ? config().replacing("\n    token: abc", with: " \(user)") : config(user)
        #expect(try Home(["config": text]).find().credential.header?.reveal() == header)
    }

    @Test func `a token in a file is read anew when it was written`() throws {
        let home = try Home(["config": config("tokenFile: token"), "token": "one\n"])
        let connection = try home.find()
        #expect(connection.credential.header?.reveal() == "Bearer one")
        try Files.write(Array("two\n".utf8), to: home.path("token"))
        #expect(connection.credential.header?.reveal() == "Bearer two")
        Files.remove(home.path("token"))
        #expect(connection.credential.header?.reveal() == "Bearer two")
        try Files.write([], to: home.path("token"))
        #expect(connection.credential.header?.reveal() == "Bearer two")
    }

    @Test(arguments: [
        ("exec: {command: aws}", "kubectl create token"), ("auth-provider: {name: gcp}", "kubectl create token"),
        ("as: root", "has the rights himself"),
        ("tokenFile: /no/where", "/no/where"), ("client-key-data: a2V5", "belong together"),
        ("client-certificate-data: s3cret!", "is no base64"),
    ]) func `what cannot be done is told with its place and without a secret`(user: String, expected: String) throws {
        let message = failure { _ = try Home(["config": config(user)]).find() } ?? ""
        #expect(message.contains(expected), "\(message)")
        #expect(message.contains("/config:19:") && !message.contains("s3cret"), "\(message)")
    }

    @Test(arguments: [
        ("", "no context is the current one"), ("current-context: x", "there is no context"), ("{", "not valid YAML"),
        ("current-context: x\ncontexts: [{name: x, context: {cluster: c}}]", "of which no server is named"),
        (
            "current-context: x\ncontexts: [{name: x, context: {cluster: c, user: v}}]\nclusters: [{name: c, cluster: {server: https://a}}]",
            "not among the users"
        ),
        ("clusters: [{cluster: {}}]", "needs a name"), ("users: *x", "aliases"),
    ]) func `a kubeconfig that lacks something is told of`(text: String, expected: String) throws {
        let home = try Home(["config": text])
        let message = failure { _ = try home.find() } ?? ""
        #expect(message.contains(expected) && message.contains(home.path("config")), "\(message)")
    }

    @Test(arguments: [
        "kube.lab", "ftp://a", "https://", "https://a b", "https://user@a", "https://a:99999", "https://a?b", "https://[a",
        "http://kube.lab:8080", "http://127.kube.lab:8080", "http://127.0.0.1.kube.lab", "http://a.localhost", "http://127.1:80",
    ])
    func `a server that credentials should not go to is refused`(server: String) throws {
        #expect(failure { _ = try Home(["config": config(server: #""\#(server)""#)]).find() } != nil)
    }

    @Test func `on the same machine http is taken`() throws {
        #expect(try Home(["config": config(server: "http://127.0.0.1:8001")]).find().server == "http://127.0.0.1:8001")
    }

    @Test func `an authority that is not looked at is a mistake`() throws {
        let text = config(cluster: "insecure-skip-tls-verify: true\n    certificate-authority-data: YQ==")
        #expect(failure { _ = try Home(["config": text]).find() }?.contains("exclude each other") == true)
    }

    @Test func `a proxy is used, and its password is not described`() throws {
        let connection = try Home(["config": config(cluster: "proxy-url: http://ann:s3cret@proxy:3128")]).find()
        #expect(connection.request("GET", "/", by: .after(seconds: 1)).proxy == "http://ann:s3cret@proxy:3128")
        #expect(!String(reflecting: connection).contains("s3cret") && !"\(connection)".contains("Bearer"))
    }

    @Test func `a server may be known by another name`() throws {
        let request = try Home(["config": config(cluster: "tls-server-name: kubernetes", server: "https://10.0.0.1:6443/x")]).find()
            .request("GET", "/version", by: .after(seconds: 1))
        #expect(request.url == "https://kubernetes:6443/x/version" && request.connectTo == "10.0.0.1:6443")
        #expect(request.headers.contains { $0 == ("Host", "10.0.0.1:6443") })
        #expect(failure { _ = try Home(["config": config(cluster: "tls-server-name: a/b")]).find() } != nil)
    }

    @Test func `in a pod the service account counts, and its token is read anew`() throws {
        let home = try Home(["token": "one", "namespace": "machines\n", "ca.crt": "x"])
        let environment = ["KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443"]
        let connection = try #require(try KubeConnection.inCluster(environment: environment, folder: home.folder.path))
        #expect(connection.server == "https://[fd00::1]:443" && connection.namespace == "machines")
        #expect(connection.trust == .authority(file: home.path("ca.crt")) && connection.credential.header?.reveal() == "Bearer one")
        try Files.write(Array("two".utf8), to: home.path("token"))
        #expect(connection.credential.header?.reveal() == "Bearer two")
        #expect(try KubeConnection.inCluster(environment: [:]) == nil)
        #expect(
            failure { _ = try KubeConnection.inCluster(environment: environment, folder: "/no/where") }?.contains(
                "automountServiceAccountToken") == true)
    }
}
