import CollectorConformance
import Primitives
import ProxmoxAPI
import Testing
import Web

@testable import ProxmoxDropIn

@Suite struct ModuleFileTests {
    private static let fingerprint = String(repeating: "AB:", count: 31) + "AB"

    /// Reads a text as `pve.yml`; `DIR` in it is the folder of its files.
    private func read(_ text: String, _ files: [String: String] = [:]) throws -> [String: DropInModule] {
        let folder = try TemporaryFolder()
        for (name, content) in files { _ = try folder.file(name, content) }
        return try ModuleFile.read(try folder.file("pve.yml", text.replacing("DIR", with: folder.path)))
    }

    /// The message of the failure that a text ends with, without the folder in front.
    private func message(_ text: String, _ files: [String: String] = [:]) throws -> String {
        let folder = try TemporaryFolder()
        for (name, content) in files { _ = try folder.file(name, content) }
        let path = try folder.file("pve.yml", text.replacing("DIR", with: folder.path))
        let error = try #require(failure { try ModuleFile.read(path) }, "\(text)")
        return error.message.replacing(folder.path, with: "DIR")
    }

    private func identity(_ credential: ProxmoxCredential) -> String {
        switch credential {
        case .token(let token): "token \(token.reveal())"
        case .password(let user, let password, let code): "login \(user) \(password.reveal()) \(code?.reveal() ?? "-")"
        }
    }

    // MARK: what is right

    @Test func `the file of the other exporter, as its users have it`() throws {
        let modules = try read(
            """
            # A comment.
            default:
                user: prometheus@pve
                token_name: "exporter"
                token_value: "hunter2-0000-1111"
                verify_ssl: false

            cluster-2:
                user: root@pam
                password: 'hunter2: with # and "quotes"'
                port: 443
                timeout: 5
                service: PVE
                backend: https
                mode: json
            """)
        #expect(modules.keys.sorted() == ["cluster-2", "default"])
        let first = try #require(modules["default"])
        #expect(identity(first.account.credential) == "token prometheus@pve!exporter=hunter2-0000-1111")
        #expect(first.trust == .insecure && first.port == 8006 && first.timeoutSeconds == nil && first.pathPrefix == "")
        #expect(first.proxy == nil && first.clientCertificate == nil)
        let second = try #require(modules["cluster-2"])
        #expect(identity(second.account.credential) == #"login root@pam hunter2: with # and "quotes" -"#)
        #expect(second.trust == .system && second.port == 443 && second.timeoutSeconds == 5)
    }

    @Test(
        arguments: [
            ("token_name: t, token_value: hunter2", "token u@pve!t=hunter2"), ("password: hunter2", "login u@pve hunter2 -"),
            // A token goes before a password.
            ("password: other, token_name: t, token_value: hunter2", "token u@pve!t=hunter2"),
            ("password: hunter2, token_value: alone", "login u@pve hunter2 -"),
            ("password: hunter2, otp: '012345', otptype: totp", "login u@pve hunter2 012345"),
            ("password: hunter2, otp: ''", "login u@pve hunter2 -"),
            ("token_name: t, token_value_file: DIR/secret", "token u@pve!t=from a file"),
            ("password_file: DIR/secret", "login u@pve from a file -"),
            ("password: hunter2, password_file: ''", "login u@pve hunter2 -"),
            ("password: '', password_file: DIR/secret", "login u@pve from a file -"),
            ("password: hunter2, token_name: ''", "login u@pve hunter2 -"),
            ("token_name: t, token_value: 'a=b!c@d'", "token u@pve!t=a=b!c@d"),
            ("password: 12345678", "login u@pve 12345678 -"), ("password: true", "login u@pve true -"),
            ("password: '~'", "login u@pve ~ -"),
            ("password: 'hünter2 🦅'", "login u@pve hünter2 🦅 -"),
        ])
    func `credentials`(keys: String, expected: String) throws {
        // A token holds no spaces, so the file of one has none.
        let isToken = expected.hasPrefix("token")
        let secret = isToken ? "from-a-file\n" : "from a file \r\n\n"
        let modules = try read("default: {user: u@pve, \(keys)}", ["secret": secret])
        #expect(
            identity(try #require(modules["default"]?.account.credential))
                == (isToken ? expected.replacing("from a file", with: "from-a-file") : expected))
    }

    @Test(
        arguments: [
            ("", .system), ("verify_ssl:", .system), ("verify_ssl: ''", .system), ("verify_ssl: true", .system),
            ("verify_ssl: True", .system),
            ("verify_ssl: TRUE", .system), ("verify_ssl: yes", .system), ("verify_ssl: 1", .system), ("verify_ssl: on", .system),
            ("verify_ssl: 'true'", .system), ("verify_ssl: false", .insecure), ("verify_ssl: False", .insecure),
            ("verify_ssl: FALSE", .insecure),
            ("verify_ssl: no", .insecure), ("verify_ssl: 0", .insecure), ("verify_ssl: off", .insecure), ("verify_ssl: 'false'", .insecure),
            ("fingerprint: []", .system), ("fingerprint: ''", .system), ("ca_file: ''", .system),
        ] as [(String, HTTPRequest.Trust)])
    func `whom to believe`(line: String, trust: HTTPRequest.Trust) throws {
        let modules = try read("default:\n  user: u@pve\n  password: hunter2\n  \(line)\n")
        #expect(modules["default"]?.trust == trust)
    }

    @Test func `files and fingerprints to believe`() throws {
        let folder = try TemporaryFolder()
        let certificate = try SelfSignedCertificate(commonName: "pve1", names: ["pve1"])
        let authority = try folder.file("ca.pem", certificate.certificatePEM)
        func trust(_ lines: String) throws -> HTTPRequest.Trust? {
            let path = try folder.file(
                "pve.yml", "default:\n  user: u@pve\n  password: hunter2\n  \(lines.replacing("; ", with: "\n  "))\n")
            return try ModuleFile.read(path)["default"]?.trust
        }
        #expect(try trust("verify_ssl: \(authority)") == .authority(file: authority))
        #expect(try trust("ca_file: \(authority)") == .authority(file: authority))
        #expect(try trust("verify_ssl: true; ca_file: \(authority)") == .authority(file: authority))
        let fingerprint = try #require(CertificateFingerprint(parsing: Self.fingerprint))
        let other = try #require(CertificateFingerprint(certificatePEM: certificate.certificatePEM))
        #expect(try trust("fingerprint: \(Self.fingerprint)") == .fingerprints([fingerprint]))
        #expect(try trust("verify_ssl: true; fingerprint: ['\(Self.fingerprint)', '', '\(other)']") == .fingerprints([fingerprint, other]))
    }

    @Test func `the other keys`() throws {
        let modules = try read(
            """
            default:
              user: u@pve
              password: hunter2
              cert: /etc/client.pem
              timeout: 500ms
              path_prefix: /behind/a/proxy/
              proxies: {http: "http://a:1", https: "http://b:2", all: "http://c:3"}
            second:
              user: u@pve
              password: hunter2
              cert: [/etc/client.pem, /etc/client.key]
              proxies: {all: "socks5h://c:3"}
              timeout: 10m
            third:
              user: u@pve
              password: hunter2
              cert: []
              proxies: {http: "http://a:1"}
              port: 1
            """)
        let (first, second, third) = (modules["default"], modules["second"], modules["third"])
        #expect(first?.clientCertificate == ClientCertificate(certificateFile: "/etc/client.pem"))
        #expect(first?.timeoutSeconds == 0.5 && first?.proxy == "http://b:2")
        let target = try #require(DropInTarget("pve1"))
        #expect(try first?.endpoint(target).baseURL == "https://pve1:8006/behind/a/proxy")
        #expect(second?.clientCertificate == ClientCertificate(certificateFile: "/etc/client.pem", keyFile: "/etc/client.key"))
        #expect(second?.proxy == "socks5h://c:3" && second?.timeoutSeconds == 600)
        // A proxy of plain http is none for https.
        #expect(third?.proxy == nil && third?.clientCertificate == nil && third?.port == 1)
    }

    @Test(arguments: ["..", "../..", "/%2e%2e/", "a?b", "a#b", "a b\n", "//evil.example/", "@evil.example", ":1@evil.example"])
    func `a prefix stays behind the authority`(prefix: String) throws {
        let modules = try read("default:\n  user: u@pve\n  password: hunter2\n  path_prefix: \(Lab.json(prefix))\n")
        let target = try #require(DropInTarget("pve1"))
        let url = try #require(try modules["default"]?.endpoint(target)).baseURL
        #expect(url.hasPrefix("https://pve1:8006/"))
        let rest = url.utf8.dropFirst("https://pve1:8006".utf8.count)
        #expect(!rest.contains { "?#@: \n".utf8.contains($0) } && !url.contains("/..") && !url.dropFirst(8).contains("//"))
    }

    @Test func `a module's own targets`() throws {
        let modules = try read(
            """
            default: {user: u@pve, password: hunter2}
            one: {user: u@pve, password: hunter2, allowed_targets: "pve1, 10.0.0.0/24:443"}
            many: {user: u@pve, password: hunter2, allowed_targets: [pve1, "pve2:*"]}
            none: {user: u@pve, password: hunter2, allowed_targets: []}
            all: {user: u@pve, password: hunter2, allowed_targets: "*"}
            """)
        func allows(_ module: String, _ target: String) throws -> Bool? {
            let target = try #require(DropInTarget(target))
            return try #require(modules[module]).allowedTargets?.allows(target, port: 8006)
        }
        #expect(try allows("default", "pve1") == nil)
        #expect(try allows("one", "pve1") == true && allows("one", "10.0.0.9:443") == true && allows("one", "pve2") == false)
        #expect(try allows("many", "pve2:22") == true && allows("many", "pve3") == false)
        #expect(try allows("none", "pve1") == false && allows("all", "pve1") == true)
        #expect(
            try message("default:\n  user: u@pve\n  password: hunter2\n  allowed_targets: [pve1, 10.0.0.*]\n").hasPrefix(
                "DIR/pve.yml:4:27: \"10.0.0.*\" is no target to allow"))
    }

    // MARK: what is wrong

    @Test(
        arguments: [
            ("", "DIR/pve.yml: no module; expected default: with user and token_name below it"),
            ("# nothing\n", "DIR/pve.yml: no module; expected default: with user and token_name below it"),
            ("{}", "DIR/pve.yml: no module; expected default: with user and token_name below it"),
            ("null", "DIR/pve.yml: no module; expected default: with user and token_name below it"),
            ("---\n...\n", "DIR/pve.yml: no module; expected default: with user and token_name below it"),
            ("- default\n", "DIR/pve.yml:1:1: expected names, each with a section of keys"),
            ("[]", "DIR/pve.yml:1:1: expected names, each with a section of keys"),
            ("default: []", "DIR/pve.yml:1:10: default: expected a section with keys"),
            // A password that stands where a section should.
            ("hunter2", "DIR/pve.yml:1:1: expected names, each with a section of keys"),
            ("password:hunter2", "DIR/pve.yml:1:1: expected names, each with a section of keys; write a space behind the colon of a key"),
            ("default: hunter2", "DIR/pve.yml:1:10: default: expected a section with keys"),
            (
                "default:\n  password:hunter2\n",
                "DIR/pve.yml:2:3: default: expected a section with keys; write a space behind the colon of a key"
            ),
            (
                "default: {user: u@pve, password: x, proxies: 'http://u:hunter2@p'}",
                "DIR/pve.yml:1:46: default.proxies: expected a section with keys"
            ),
            ("default:\n  - user: u@pve\n", "DIR/pve.yml:2:3: default: expected a section with keys"),
            ("default:\n", "DIR/pve.yml:1:9: module default has no user: NAME@REALM"),
            ("default: {}", "DIR/pve.yml:1:10: module default has no user: NAME@REALM"),
            ("default:\n  user:\n  password: hunter2\n", "DIR/pve.yml:2:3: module default has no user: NAME@REALM"),
            ("default:\n  user: ''\n", "DIR/pve.yml:2:3: module default has no user: NAME@REALM"),
            ("default:\n  user: u@pve\n", "DIR/pve.yml:2:3: module default has neither password nor token_name and token_value"),
            (
                "default:\n  user: u@pve\n  password:\n",
                "DIR/pve.yml:2:3: module default has neither password nor token_name and token_value"
            ),
            (
                "default:\n  user: u@pve\n  token_name: u@pve!t\n  token_value: hunter2\n",
                "DIR/pve.yml:3:15: module default: token_name is the name alone, without USER@REALM! in front"
            ),
            ("default:\n  user: u@pve\n  token_name: t\n", "DIR/pve.yml:3:15: module default has a token_name and no token_value"),
            (
                "default:\n  user: u@pve\n  token_name: t\n  password: hunter2\n",
                "DIR/pve.yml:3:15: module default has a token_name and no token_value"
            ),
            ("default:\n  user: u@pve\n  token_value: hunter2\n", "DIR/pve.yml:2:3: module default has a token_value and no token_name"),
            (
                "default:\n  user: u\n  password: hunter2\n",
                "DIR/pve.yml:2:9: module default: a user reads NAME@REALM, as in monitor@pve or root@pam"
            ),
            (
                "default:\n  user: u@pve@\n  password: hunter2\n",
                "DIR/pve.yml:2:9: module default: a user reads NAME@REALM, as in monitor@pve or root@pam"
            ),
            (
                "default:\n  user: 'u v@pve'\n  password: hunter2\n",
                "DIR/pve.yml:2:9: module default: a user reads NAME@REALM, as in monitor@pve or root@pam"
            ),
            (
                "default:\n  user: u@pve\n  token_name: t\n  token_value: 'hunter2 hunter2'\n",
                "DIR/pve.yml:3:15: module default: an API token holds no spaces, line breaks or letters outside ASCII"
            ),
            (
                "default:\n  user: u@pve\n  token_name: t\n  token_value: |\n    hunter2\n    hunter2\n",
                "DIR/pve.yml:3:15: module default: an API token holds no spaces, line breaks or letters outside ASCII"
            ),
            (
                "default:\n  user: u@pve\n  token_name: t\n  token_value: hünter2\n",
                "DIR/pve.yml:3:15: module default: an API token holds no spaces, line breaks or letters outside ASCII"
            ),
            (
                "default:\n  user: u@pve!t\n  token_name: t\n  token_value: hunter2\n",
                "DIR/pve.yml:3:15: module default: an API token reads USER@REALM!NAME=SECRET; what stands before = is not USER@REALM!NAME"
            ),
            (
                "default:\n  user: u@pve\n  password: hunter2\n  password_file: DIR/secret\n",
                "DIR/pve.yml:3:13: password and password_file exclude each other"
            ),
            (
                "default:\n  user: u@pve\n  token_name: t\n  token_value: hunter2\n  token_value_file: DIR/secret\n",
                "DIR/pve.yml:4:16: token_value and token_value_file exclude each other"
            ),
            (
                "default:\n  user: u@pve\n  password_file: DIR/none\n",
                "DIR/pve.yml:3:18: password_file: cannot read DIR/none: No such file or directory"
            ),
            (
                "default:\n  user: u@pve\n  token_name: t\n  token_value_file: DIR/empty\n",
                "DIR/pve.yml:4:21: token_value_file: the file DIR/empty is empty"
            ),
            (
                "default:\n  user: u@pve\n  pasword: hunter2\n",
                "DIR/pve.yml:3:3: unknown key \"pasword\" in default; did you mean \"password\"?"
            ),
            ("default:\n  user: u@pve\n  password: [hunter2]\n", "DIR/pve.yml:3:13: default.password: expected text, not a list"),
            ("default:\n  user: u@pve\n  password: {hunter2: hunter2}\n", "DIR/pve.yml:3:13: default.password: expected text"),
            (
                "default:\n  password: hunter2\n  password: hunter2\n",
                "DIR/pve.yml:3:3: key \"password\" stands here twice; keep one of the two"
            ),
            (
                "default:\n  password: &hunter2 hunter2\n",
                "DIR/pve.yml:2:13: anchors (&name) are not supported; write the value out wherever it is needed"
            ),
            (
                "default: &hunter2\n  password: hunter2\n",
                "DIR/pve.yml:1:10: anchors (&name) are not supported; write the value out wherever it is needed"
            ),
            ("default:\n  password: *hunter2\n", "DIR/pve.yml:2:13: aliases (*name) are not supported; write the value out"),
            ("default:\n  password: !hunter2 hunter2\n", "DIR/pve.yml:2:13: tags (!name) are not supported; write the value without one"),
            ("default:\n  <<: {user: u@pve}\n", nil), ("default: {user: u@pve}\n---\ndefault: {user: u@pve}\n", nil),
            ("default:\n  user: u@pve\n  password: \"hunter2\n", nil), ("default:\n  user: u@pve\n  password: hunter2: hunter2\n", nil),
            ("default:\n  user: u@pve\n  password: @hunter2\n", nil), ("default:\n  user: u@pve\n  password: `hunter2`\n", nil),
            ("default:\n  user: u@pve\n  password: %hunter2\n", nil), ("default:\n\tpassword: hunter2\n", nil),
            ("default:\n  password: 'hunter2'hunter2\n", nil),
            ("default:\n  password: [hunter2\n", nil), ("default:\n  password: {hunter2\n", nil),
            ("default:\n  password: \"hunter2\\q\"\n", nil),
            ("default:\n  password: >hunter2\n", nil), ("? [hunter2]\n: hunter2\n", nil),
            ("default:\n  password: hunter2\n user: hunter2\n", nil),
        ] as [(String, String?)])
    func `a mistake is told by its place and without the secret`(text: String, expected: String?) throws {
        let message = try message(text, ["secret": "hunter2\n", "empty": "\n"])
        if let expected { #expect(message == expected) }
        #expect(message.hasPrefix("DIR/pve.yml"))
        #expect(!message.contains("hunter2") && !message.contains("hünter2"), "\(message)")
        #expect(!message.utf8.contains { $0 < 0x20 }, "one line: \(message)")
    }

    @Test(
        arguments: [
            ("port: 0", "3:9: default.port: expected a whole number from 1 to 65535, not \"0\""), ("port: 65536", nil), ("port: x", nil),
            ("port: 80.0", nil),
            ("port: [80]", nil), ("timeout: 0", nil), ("timeout: 601", nil), ("timeout: soon", nil), ("timeout: -1", nil),
            ("timeout: 1e3", nil),
            ("verify_ssl: {a: b}", nil), ("verify_ssl: [true]", nil),
            ("verify_ssl: DIR/none", "3:15: cannot read DIR/none: No such file or directory"),
            ("verify_ssl: maybe", "3:15: cannot read maybe: No such file or directory"), ("verify_ssl: ' false'", nil),
            ("verify_ssl: DIR/secret", "3:15: DIR/secret holds no PEM certificate; /etc/pve/pve-root-ca.pem of the cluster does"),
            ("ca_file: DIR/none", "3:12: cannot read DIR/none: No such file or directory"), ("ca_file: DIR", nil),
            (
                "verify_ssl: false\n  ca_file: DIR/secret",
                "3:15: verify_ssl: false takes any certificate; take it away, or ca_file and fingerprint"
            ),
            ("verify_ssl: 0\n  fingerprint: AB", "3:15: verify_ssl: false takes any certificate; take it away, or ca_file and fingerprint"),
            ("fingerprint: AB", nil), ("fingerprint: [AB]", nil), ("fingerprint: {a: b}", nil),
            ("ca_file: DIR/secret\n  fingerprint: AB", "4:16: fingerprint and an authority exclude each other"),
            ("verify_ssl: DIR/secret\n  fingerprint: AB", "4:16: fingerprint and an authority exclude each other"),
            ("service: PBS", nil), ("service: pbs", nil), ("backend: local", nil), ("backend: ssh_paramiko", nil),
            ("backend: openssh", nil), ("mode: xml", nil),
            ("otptype: yubico", nil), ("cert: {a: b}", nil), ("proxies: http://p:1", nil), ("proxies: {ftp: x}", nil),
            ("proxies: {https: [x]}", nil),
            ("path_prefix: [a]", nil), ("timeout_seconds: 5", nil), ("host: pve1", nil), ("nested: {user: x}", nil), ("user: u@pve", nil),
        ] as [(String, String?)])
    func `keys with wrong values`(lines: String, expected: String?) throws {
        let message = try message("default:\n  user: u@pve\n  \(lines)\n  password: hunter2\n", ["secret": "hunter2\n"])
        if let expected { #expect(message == "DIR/pve.yml:" + expected) }
        let place = message.dropFirst("DIR/pve.yml:".count).prefix { $0 != " " }
        #expect(message.hasPrefix("DIR/pve.yml:") && place.split(separator: ":").count == 2, "line and column: \(message)")
        #expect(!message.contains("hunter2"), "\(message)")
        #expect(!message.utf8.contains { $0 < 0x20 }, "one line: \(message)")
    }

    @Test(arguments: ["a\nb", "\u{1B}[31m", "a\u{7F}", "\u{1}"])
    func `a module's name is one line`(name: String) throws {
        let message = try message("\(Lab.json(name)):\n  user: u@pve\n")
        #expect(message.hasPrefix("DIR/pve.yml:2:3: "))
        #expect(!message.utf8.contains { $0 < 0x20 || $0 == 0x7F }, "one line: \(message)")
    }

    @Test func `files that are none`() throws {
        let folder = try TemporaryFolder()
        #expect(
            failure { try ModuleFile.read(folder.path + "/none") }?.message == "cannot read \(folder.path)/none: No such file or directory")
        #expect(failure { try ModuleFile.read(folder.path) } != nil)
        #expect(failure { try ModuleFile.read("/dev/zero") }?.code == .limit)
        let large = try folder.file("large.yml", String(repeating: "# hunter2\n", count: 200_000))
        #expect(failure { try ModuleFile.read(large) }?.message == "\(large) is larger than 1048576 bytes")
        let deep = try folder.file("deep.yml", "default: " + String(repeating: "[", count: 100_000))
        #expect(failure { try ModuleFile.read(deep) } != nil)
    }

    @Test func `one bad module among good ones is an error`() throws {
        let message = try message(
            "a: {user: u@pve, password: hunter2}\nb: {user: u@pve, password: hunter2}\nc:\n  user: u@pve\nd: {user: u@pve, password: hunter2}\n"
        )
        #expect(message == "DIR/pve.yml:4:3: module c has neither password nor token_name and token_value")
    }
}
