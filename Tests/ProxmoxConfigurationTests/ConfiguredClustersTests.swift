import CollectorConformance
import Glibc
import Primitives
import ProxmoxAPI
import ProxmoxConfiguration
import Settings
import Testing
import Web

@Suite struct ConfiguredClustersTests {
    private static let token = "monitor@pve!exporter=hunter2-hunter2"
    private static let shape = SettingsShape.section([SettingsKey("proxmox", .section([ConfiguredClusters.key]), "Proxmox VE clusters.")])

    private static let files = [
        "token": token + "\n", "empty": "", "two": "\(token)\n\(token)\n", "half": "monitor@pve!exporter\n",
        "frame.pem": "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
    ]

    /// Reads settings whose `$` is the folder; errors have the folder's name as `$` too.
    private static func read(_ yaml: String?, environment: [String: String] = [:]) throws -> Result<ConfiguredClusters, Failure> {
        let folder = try TemporaryFolder()
        for (name, text) in files { try folder.write(name, text) }
        try folder.write("ca.pem", try SelfSignedCertificate(commonName: "authority", names: []).certificatePEM)
        if let yaml { try folder.write("martlet.yml", yaml.replacing("$", with: folder.path)) }
        let environment = environment.mapValues { $0.replacing("$", with: folder.path) }
        do throws(Failure) {
            let tree = try SettingsTree(
                file: yaml == nil ? nil : "\(folder.path)/martlet.yml", environment: environment, flags: [], shape: shape)
            return .success(try ConfiguredClusters(tree["proxmox"], environment: environment))
        } catch {
            return .failure(Failure(error.code, error.description.replacing(folder.path, with: "$")))
        }
    }

    private static func clusters(_ yaml: String) -> String { "proxmox:\n  clusters:\n" + yaml }

    // MARK: good settings

    @Test func `a list of clusters`() throws {
        let yaml = Self.clusters(
            """
                - name: lab
                  endpoint: pve1.example.org
                  token: \(Self.token)
                - endpoint: https://10.0.0.1:8443/
                  token_file: $/token
                  verify_tls: no
                - endpoint: "::1"
                  token_file: $/token
                  ca_file: $/ca.pem
                  name: ""

            """)
        let settings = try Self.read(yaml).get()
        #expect(settings.all.map(\.name) == ["lab", nil, nil])
        #expect(
            settings.all.map(\.endpoint.baseURL) == ["https://pve1.example.org:8006", "https://10.0.0.1:8443", "https://[::1]:8006"])
        #expect(settings.all.allSatisfy { $0.credential == .token(Secret(Self.token)) })
        #expect(settings.all[0].endpoint.trust == .system && settings.all[1].endpoint.trust == .insecure)
        guard case .authority(let file) = settings.all[2].endpoint.trust else {
            Issue.record("no authority")
            return
        }
        #expect(file.hasSuffix("/ca.pem"))
    }

    @Test func `no cluster at all`() throws {
        #expect(try Self.read(nil).get().all.isEmpty)
        #expect(try Self.read("proxmox:\n").get().all.isEmpty)
        #expect(try Self.read(nil, environment: ["PROXMOX_HOST": "", "PROXMOX_USER": "monitor@pve"]).get().all.isEmpty)
    }

    private static let variables = [
        "PROXMOX_HOST": "pve1", "PROXMOX_USER": "monitor@pve", "PROXMOX_TOKEN_NAME": "exporter", "PROXMOX_TOKEN_VALUE": "hunter2-hunter2",
    ]

    @Test func `the variables of other tools`() throws {
        let cluster = try #require(try Self.read(nil, environment: Self.variables).get().all.first)
        #expect(cluster.name == nil && cluster.endpoint.baseURL == "https://pve1:8006" && cluster.endpoint.trust == .system)
        #expect(cluster.credential == .token(Secret(Self.token)))
    }

    @Test(arguments: [
        ("PROXMOX_HOST", "http://10.0.0.1:81", "http://10.0.0.1:81"), ("PROXMOX_TOKEN_NAME", "other@pam!x", "other@pam!x"),
        ("PROXMOX_CLUSTER", "lab", "lab"), ("PROXMOX_VERIFY_TLS", "false", "insecure"), ("PROXMOX_VERIFY_TLS", "0", "insecure"),
        ("PROXMOX_VERIFY_TLS", "Yes", "system"), ("PROXMOX_VERIFY_TLS", "", "system"), ("PROXMOX_CA_FILE", "$/ca.pem", "authority"),
        ("PROXMOX_CLUSTER", "", "exporter"),
    ])
    func `each variable is heard`(name: String, value: String, sign: String) throws {
        let environment = Self.variables.merging([name: value]) { $1 }
        let cluster = try #require(try Self.read(nil, environment: environment).get().all.first)
        let signs = "\(cluster.endpoint.baseURL) \(cluster.credential.identity) \(cluster.name ?? "") \(cluster.endpoint.trust)"
        #expect(signs.contains(sign))
    }

    @Test func `a password, several nodes and their certificates`() throws {
        let environment = [
            "PROXMOX_HOST": "pve1, pve2:8443", "PROXMOX_USER": "monitor@pve", "PROXMOX_PASSWORD": "hunter2-hunter2",
            "PROXMOX_FINGERPRINT": String(repeating: "ab:", count: 31) + "ab," + String(repeating: "0", count: 64),
        ]
        let cluster = try #require(try Self.read(nil, environment: environment).get().all.first)
        #expect(cluster.endpoints.map(\.authority) == ["pve1:8006", "pve2:8443"])
        #expect(cluster.credential == .password(user: "monitor@pve", Secret("hunter2-hunter2")))
        guard case .fingerprints(let fingerprints) = cluster.otherEndpoints[0].trust else {
            Issue.record("\(cluster.endpoint.trust)")
            return
        }
        #expect(fingerprints.count == 2 && fingerprints[0].description.hasPrefix("AB:AB:"))
    }

    @Test func `a section with several endpoints and a password file`() throws {
        let yaml = Self.clusters(
            "    - endpoints: [pve1, \"https://pve2:8443\"]\n      user: monitor@pve\n      password_file: $/half\n"
                + "      fingerprint: \(String(repeating: "C", count: 64))\n")
        let cluster = try #require(try Self.read(yaml).get().all.first)
        #expect(cluster.endpoints.map(\.baseURL) == ["https://pve1:8006", "https://pve2:8443"])
        #expect(cluster.credential == .password(user: "monitor@pve", Secret("monitor@pve!exporter")))
    }

    @Test(arguments: [
        (
            "    - endpoint: pve1\n      endpoints: [pve2]\n      token: \(token)\n",
            "$/martlet.yml:4:18: endpoint and endpoints exclude each other"
        ),
        ("    - endpoint: pve1\n      password: hunter2\n", "$/martlet.yml:4:17: a password needs a user: NAME@REALM"),
        (
            "    - endpoint: pve1\n      user: root\n      password: hunter2\n",
            "$/martlet.yml:4:13: a user reads NAME@REALM, as in monitor@pve or root@pam"
        ),
        (
            "    - endpoint: pve1\n      user: root@pam\n      token: \(token)\n",
            "$/martlet.yml:4:13: user goes with a password; a token names its own user"
        ),
        (
            "    - endpoint: pve1\n      token: \(token)\n      ca_file: $/ca.pem\n      fingerprint: ab\n",
            "$/martlet.yml:6:20: fingerprint and ca_file exclude each other"
        ),
        (
            "    - endpoint: pve1\n      token: \(token)\n      fingerprint: ab\n",
            "$/martlet.yml:5:20: fingerprint: \"ab\" is no SHA-256 of a certificate; expected 64 hexadecimal digits, with colons or without, as pvenode cert info prints them"
        ),
        (
            "    - endpoints: [pve1, pve1]\n      token: \(token)\n",
            "$/martlet.yml:3:7: endpoint pve1:8006 is named twice; list each node once, under its own cluster"
        ),
    ])
    func `what is wrong with logins, endpoints and pins`(yaml: String, message: String) throws {
        guard case .failure(let failure) = try Self.read(Self.clusters(yaml)) else {
            Issue.record("taken")
            return
        }
        #expect(failure.message == message)
        #expect(!failure.message.contains("hunter2"))
    }

    @Test func `our variables go over the file, and those of other tools beside it are an error`() throws {
        let yaml = Self.clusters("    - endpoint: filehost\n      token: \(Self.token)\n")
        let own = ["MARTLET_PROXMOX__CLUSTERS__0__NAME": "mine", "MARTLET_PROXMOX__CLUSTERS__0__VERIFY_TLS": "false"]
        let settings = try Self.read(yaml, environment: own).get()
        #expect(settings.all.map(\.endpoint.authority) == ["filehost:8006"])
        #expect(settings.all.map(\.name) == ["mine"] && settings.all[0].endpoint.trust == .insecure)
        guard case .failure(let failure) = try Self.read(yaml, environment: Self.variables) else {
            Issue.record("taken")
            return
        }
        #expect(failure.message == "$/martlet.yml:3:5: clusters are named here and PROXMOX_HOST is set too; take one of them away")
    }

    // MARK: errors

    private static let form = "an API token reads USER@REALM!NAME=SECRET;"
    private static let address = "expected HOST, HOST:PORT or https://HOST:PORT"

    @Test(arguments: [
        ("    - name: lab\n", "$/martlet.yml:3:7: a cluster needs an endpoint: HOST, HOST:PORT or URL"),
        ("    - endpoint: \"\"\n      token: \(token)\n", "$/martlet.yml:3:7: a cluster needs an endpoint: HOST, HOST:PORT or URL"),
        ("    - endpoint: pve1\n", "$/martlet.yml:3:7: cluster pve1 needs a token or a token_file, or a user with a password"),
        (
            "    - endpoint: https://root:hunter2@pve1\n",
            "$/martlet.yml:3:7: cluster needs a token or a token_file, or a user with a password"
        ),
        (
            "    - endpoint: pve1\n      token: \"\"\n      token_file:\n",
            "$/martlet.yml:3:7: cluster pve1 needs a token or a token_file, or a user with a password"
        ),
        ("    - endpoint: pve1\n      token: hunter2\n", "$/martlet.yml:4:14: \(form) the part from = on is missing"),
        ("    - endpoint: pve1\n      token: x=hunter2\n", "$/martlet.yml:4:14: \(form) what stands before = is not USER@REALM!NAME"),
        (
            "    - endpoint: pve1\n      token: \"a@b!c=hunter2 \"\n",
            "$/martlet.yml:4:14: an API token holds no spaces, line breaks or letters outside ASCII"
        ),
        (
            "    - endpoint: pve1\n      token: \(token)\n      token_file: $/token\n",
            "$/martlet.yml:4:14: token and token_file exclude each other"
        ),
        (
            "    - endpoint: pve1\n      token_file: $/nowhere\n",
            "$/martlet.yml:4:19: token_file: cannot read $/nowhere: No such file or directory"
        ),
        ("    - endpoint: pve1\n      token_file: $\n", "$/martlet.yml:4:19: token_file: cannot read $: Is a directory"),
        (
            "    - endpoint: pve1\n      token_file: $/empty\n",
            "$/martlet.yml:4:19: token_file: the file $/empty is empty"
        ),
        (
            "    - endpoint: pve1\n      token_file: $/half\n",
            "$/martlet.yml:4:19: token_file: $/half: \(form) the part from = on is missing"
        ),
        (
            "    - endpoint: pve1\n      token_file: $/two\n",
            "$/martlet.yml:4:19: token_file: the file $/two has more than one line; only the secret should stand there"
        ),
        // A slip of the pen that would print the token.
        (
            "    - endpoint: pve1\n      token_file: \(token)\n",
            "$/martlet.yml:4:19: token_file names a file, and here stands a token; the key for that is token"
        ),
        ("    - endpoint: pve1/x\n      token: \(token)\n", "$/martlet.yml:3:17: \"pve1/x\" is not a Proxmox address; \(address)"),
        (
            "    - endpoint: \(token)\n      token: \(token)\n",
            "$/martlet.yml:3:17: a Proxmox address holds no user and no password; \(address)"
        ),
        (
            "    - endpoint: pve1\n      token: \(token)\n      ca_file: $/nowhere\n",
            "$/martlet.yml:5:16: ca_file: cannot read $/nowhere: No such file or directory"
        ),
        (
            "    - endpoint: pve1\n      token: \(token)\n      ca_file: $/token\n",
            "$/martlet.yml:5:16: ca_file: $/token holds no PEM certificate; /etc/pve/pve-root-ca.pem of the cluster does"
        ),
        (
            "    - endpoint: pve1\n      token: \(token)\n      verify_tls: maybe\n",
            "$/martlet.yml:5:19: proxmox.clusters[0].verify_tls: expected true or false, not \"maybe\""
        ),
        (
            "    - endpoint: pve1\n      tokn: \(token)\n",
            "$/martlet.yml:4:7: unknown key \"tokn\" in proxmox.clusters[0]; did you mean \"token\"?"
        ),
        (
            "    - endpoint: pve1\n      token: \(token)\n    - endpoint: https://pve1:8006/\n      token: \(token)\n",
            "$/martlet.yml:5:7: endpoint pve1:8006 is named twice; list each node once, under its own cluster"
        ),
        (
            "    - endpoint: pve1\n      name: lab\n      token: \(token)\n    - endpoint: pve2\n      name: lab\n      token: \(token)\n",
            "$/martlet.yml:6:7: another cluster has the name \"lab\" too, and their guests could not be told apart; choose another name"
        ),
    ])
    func `what is wrong in the file`(yaml: String, message: String) throws {
        guard case .failure(let failure) = try Self.read(Self.clusters(yaml)) else {
            Issue.record("taken")
            return
        }
        #expect(failure.code == .configuration && failure.message == message)
        #expect(!failure.message.contains("hunter2"))
    }

    private static let noToken =
        "PROXMOX_HOST is set without a credential; set PROXMOX_TOKEN_NAME and PROXMOX_TOKEN_VALUE, or PROXMOX_USER and PROXMOX_PASSWORD"
    private static let half = "is missing; PROXMOX_TOKEN_NAME and PROXMOX_TOKEN_VALUE go together"

    @Test(arguments: [
        (["PROXMOX_TOKEN_NAME": "", "PROXMOX_TOKEN_VALUE": ""], noToken),
        (["PROXMOX_TOKEN_NAME": ""], "PROXMOX_TOKEN_NAME \(half)"), (["PROXMOX_TOKEN_VALUE": ""], "PROXMOX_TOKEN_VALUE \(half)"),
        (["PROXMOX_TOKEN_VALUE": "", "PROXMOX_PASSWORD": "hunter2"], "PROXMOX_TOKEN_VALUE \(half)"),
        (["PROXMOX_USER": ""], "PROXMOX_USER is missing: USER@REALM, to go with PROXMOX_TOKEN_NAME"),
        (
            ["PROXMOX_USER": "root"],
            "PROXMOX_USER, PROXMOX_TOKEN_NAME, PROXMOX_TOKEN_VALUE: \(form) what stands before = is not USER@REALM!NAME"
        ),
        (
            ["PROXMOX_TOKEN_VALUE": "hunter2 x"],
            "PROXMOX_USER, PROXMOX_TOKEN_NAME, PROXMOX_TOKEN_VALUE: an API token holds no spaces, line breaks or letters outside ASCII"
        ),
        (["PROXMOX_HOST": "pve1/x"], "PROXMOX_HOST: \"pve1/x\" is not a Proxmox address; \(address)"),
        (["PROXMOX_HOST": "https://root:hunter2@pve1"], "PROXMOX_HOST: a Proxmox address holds no user and no password; \(address)"),
        (["PROXMOX_VERIFY_TLS": "perhaps"], "PROXMOX_VERIFY_TLS: expected true or false, not \"perhaps\""),
        (
            ["PROXMOX_CA_FILE": "$/frame.pem"],
            "PROXMOX_CA_FILE: $/frame.pem holds no PEM certificate; /etc/pve/pve-root-ca.pem of the cluster does"
        ),
        (
            ["PROXMOX_VERIFY_TLS": "false", "PROXMOX_FINGERPRINT": "ab"],
            "PROXMOX_VERIFY_TLS=false takes any certificate; take it away, or PROXMOX_CA_FILE and PROXMOX_FINGERPRINT"
        ),
        (["PROXMOX_CA_FILE": "$/nowhere"], "PROXMOX_CA_FILE: cannot read $/nowhere: No such file or directory"),
    ])
    func `what is wrong in the variables`(change: [String: String], message: String) throws {
        guard case .failure(let failure) = try Self.read(nil, environment: Self.variables.merging(change) { $1 }) else {
            Issue.record("taken")
            return
        }
        #expect(failure.code == .configuration && failure.message == message)
        #expect(!failure.message.contains("hunter2"))
    }

    // MARK: what one should not want

    @Test func `a credential that others can get at is warned of`() throws {
        let folder = try TemporaryFolder()
        try folder.write("token", Self.token + "\n")
        let file = "\(folder.path)/token"
        let yaml = Self.clusters(
            """
                - endpoints: [http://pve1.example.org, https://pve2.example.org]
                  token_file: \(file)
                  verify_tls: false

            """)
        try folder.write("martlet.yml", yaml)
        let tree = try SettingsTree(file: "\(folder.path)/martlet.yml", environment: [:], flags: [], shape: Self.shape)
        let settings = try ConfiguredClusters(tree["proxmox"], environment: [:])
        let others = settings.warnings.dropLast()
        #expect(others.map { $0.split(separator: " ").first } == ["pve1.example.org:8006", "pve2.example.org:8006"])
        #expect(settings.warnings.last == "\(file) can be read by every user of this machine; chmod 600 \(file)")
        #expect(chmod(file, 0o640) == 0)
        #expect(settings.warnings.count == 2)
        #expect(!settings.warnings.joined().contains("hunter2"))
    }

    @Test func `settings as they should be are not warned of`() throws {
        let yaml = Self.clusters("    - endpoint: pve1.example.org\n      token: \(Self.token)\n      ca_file: $/ca.pem\n")
        #expect(try Self.read(yaml).get().warnings == [])
        #expect(try Self.read(nil, environment: Self.variables.merging(["TARGET_NODES": "pve1"]) { $1 }).get().warnings == [])
    }

    @Test func `variables that no cluster uses are warned of`() throws {
        let yaml = Self.clusters("    - endpoint: pve1.example.org\n      token: \(Self.token)\n")
        let idle = ["TARGET_NODES": "pve1", "PROXMOX_VERIFY_TLS": "false", "PROXMOX_USER": "", "PROXMOX_HOST": ""]
        let warnings = try Self.read(yaml, environment: idle).get().warnings
        #expect(warnings.count == 1 && warnings[0].hasPrefix("PROXMOX_VERIFY_TLS, TARGET_NODES: not used, as PROXMOX_HOST is not set"))
    }

    @Test(arguments: ["nodes", "exclude_nodes", "tags", "exclude_tags", "pools", "exclude_pools"])
    func `several names in one entry of a filter are refused`(key: String) throws {
        let yaml = Self.clusters("    - endpoint: pve1.example.org\n      token: \(Self.token)\n      filter: {\(key): [a, \"b,c\"]}\n")
        guard case .failure(let failure) = try Self.read(yaml) else {
            Issue.record("it was read")
            return
        }
        #expect(failure.code == .configuration && failure.message.hasSuffix("\(key): no name holds a comma; each is an entry of its own"))
    }
}
