import Primitives
import ProxmoxAPI
import Synchronization
import Testing
import Web

@testable import ProxmoxDropIn

@Suite struct TargetDirectoryTests {
    /// What a request is led to, as a short text: `https://pve1:8006 default@pve!t`, or `403 why`.
    private func lead(_ directory: TargetDirectory, _ target: String?, module: String = "default") -> String {
        do throws(TargetDirectory.Refusal) {
            let client = try directory.find(module: module, target: target).client
            return client.endpoints.map(\.baseURL).joined(separator: ",") + " " + client.session.credential.identity
        } catch {
            #expect(!error.message.contains("hunter2") && !error.message.utf8.contains { $0 < 0x20 }, "\(error.message)")
            return "\(error.status) \(error.message)"
        }
    }

    private static let addToTargets =
        "is not allowed, so nothing was sent to it; to allow it, add it to --pve.allowed-targets (names, globs, CIDRs)"
    private static let addToClusters =
        "is not allowed, so nothing was sent to it; to allow it, name it in proxmox.clusters, or in --pve.allowed-targets with a pve.yml "
        + "(--pve.config-file) beside it"

    // MARK: without modules

    @Test func `nothing configured allows nothing`() throws {
        let directory = TargetDirectory(DropInSettings(), [], observer: nil)
        #expect(directory.modules == ["default"])
        #expect(lead(directory, nil) == "403 target localhost:8006 \(Self.addToClusters)")
        #expect(lead(directory, "pve1") == "403 target pve1:8006 \(Self.addToClusters)")
        #expect(lead(directory, "pve1", module: "other") == "400 Module 'other' not found in config")
    }

    @Test func `configured clusters are asked with their own credential`() throws {
        let clusters = [
            try cluster("lab", "pve1", "https://PVE2:443"), try cluster("home", "10.0.0.5"), try cluster(nil, "[2001:DB8:0::1]"),
        ]
        let directory = TargetDirectory(DropInSettings(), clusters, observer: nil)
        // The whole of a cluster by its name, one node by its address.
        #expect(lead(directory, "lab") == "https://pve1:8006,https://PVE2:443 lab@pve!own")
        #expect(lead(directory, "pve1") == "https://pve1:8006 lab@pve!own")
        #expect(lead(directory, "PVE1.:8006") == "https://pve1:8006 lab@pve!own")
        #expect(lead(directory, "pve2:443") == "https://PVE2:443 lab@pve!own")
        #expect(lead(directory, "home") == "https://10.0.0.5:8006 home@pve!own")
        #expect(lead(directory, "::ffff:10.0.0.5") == "https://10.0.0.5:8006 home@pve!own")
        #expect(lead(directory, "2001:db8::1") == "https://[2001:DB8:0::1]:8006 none@pve!own")
        #expect(lead(directory, "[2001:db8:0:0::1]:8006") == "https://[2001:DB8:0::1]:8006 none@pve!own")
        // Another port, another name, a name in another case, no name.
        #expect(lead(directory, "pve2") == "403 target pve2:8006 \(Self.addToClusters)")
        #expect(lead(directory, "pve1:8007") == "403 target pve1:8007 \(Self.addToClusters)")
        #expect(lead(directory, "LAB") == "403 target lab:8006 \(Self.addToClusters)")
        #expect(lead(directory, nil) == "403 target localhost:8006 \(Self.addToClusters)")
        #expect(lead(directory, "") == "400 target '' is no HOST or HOST:PORT")
        #expect(lead(directory, "https://pve1") == "400 target 'https://pve1' is no HOST or HOST:PORT")
        #expect(lead(directory, "pve1", module: "other") == "400 Module 'other' not found in config")
        #expect(lead(directory, "pve1", module: "") == "400 Module '' not found in config")
    }

    @Test func `allowed targets mean nothing to a cluster's own credential`() throws {
        let settings = try settings(modules: [], allowed: ["*", "evil", "10.0.0.0/8"])
        let directory = TargetDirectory(settings, [try cluster("lab", "pve1")], observer: nil)
        for target in ["evil", "10.0.0.7", "pve1:22", "localhost"] {
            #expect(lead(directory, target).hasPrefix("403 "))
        }
    }

    @Test func `one cluster is what a request without a target means`() throws {
        for (name, endpoints) in [("lab", "https://pve1:8006"), (nil, "https://pve1:8006")] as [(String?, String)] {
            let directory = TargetDirectory(DropInSettings(), [try cluster(name, "pve1")], observer: nil)
            #expect(lead(directory, nil) == "\(endpoints) \(name ?? "none")@pve!own")
            #expect(lead(directory, "localhost") == "403 target localhost:8006 \(Self.addToClusters)")
        }
    }

    @Test func `a cluster without a name is not found by an empty one`() throws {
        let directory = TargetDirectory(DropInSettings(), [try cluster(nil, "pve1"), try cluster("lab", "pve2")], observer: nil)
        #expect(lead(directory, "") == "400 target '' is no HOST or HOST:PORT")
        #expect(lead(directory, "nil").hasPrefix("403 "))
    }

    // MARK: with modules

    @Test func `a module goes where it is allowed to`() throws {
        var settings = try settings(modules: ["default", "second"], allowed: ["pve*.example.org", "10.0.0.0/24", "other:443"])
        settings.modules["second"]?.port = 443
        settings.modules["second"]?.pathPrefix = "/pve/lab"
        let directory = TargetDirectory(settings, [], observer: nil)
        #expect(directory.modules == ["default", "second"])
        #expect(lead(directory, "pve1.example.org") == "https://pve1.example.org:8006 default@pve!t")
        #expect(lead(directory, "pve1.example.org", module: "second") == "https://pve1.example.org:443/pve/lab second@pve!t")
        #expect(lead(directory, "10.0.0.7") == "https://10.0.0.7:8006 default@pve!t")
        #expect(lead(directory, "other:443") == "https://other:443 default@pve!t")
        #expect(lead(directory, "other", module: "second") == "https://other:443/pve/lab second@pve!t")
        #expect(lead(directory, "other") == "403 target other:8006 \(Self.addToTargets)")
        #expect(lead(directory, "pve1.example.org:22") == "403 target pve1.example.org:22 \(Self.addToTargets)")
        #expect(lead(directory, "pve1.example.org:8006", module: "second") == "403 target pve1.example.org:8006 \(Self.addToTargets)")
        #expect(lead(directory, "10.0.1.7") == "403 target 10.0.1.7:8006 \(Self.addToTargets)")
        #expect(lead(directory, nil) == "403 target localhost:8006 \(Self.addToTargets)")
        #expect(lead(directory, "pve1.example.org", module: "none") == "400 Module 'none' not found in config")
        #expect(lead(directory, "pve1.example.org", module: "Default") == "400 Module 'Default' not found in config")
        #expect(lead(directory, "pve1.example.org/x").hasPrefix("400 "))
    }

    @Test func `a module may go to configured clusters, and its credential is its own`() throws {
        let clusters = [try cluster("lab", "http://pve1", "pve2:443"), try cluster("home", "10.0.0.5")]
        let directory = TargetDirectory(try settings(modules: ["default"], allowed: ["pve9"]), clusters, observer: nil)
        // Never over plain http, whatever the cluster's own settings say.
        #expect(lead(directory, "lab") == "https://pve1:8006 default@pve!t")
        #expect(lead(directory, "PVE1") == "https://pve1:8006 default@pve!t")
        #expect(lead(directory, "pve2:443") == "https://pve2:443 default@pve!t")
        #expect(lead(directory, "home") == "https://10.0.0.5:8006 default@pve!t")
        #expect(lead(directory, "10.0.0.5") == "https://10.0.0.5:8006 default@pve!t")
        #expect(lead(directory, "pve9") == "https://pve9:8006 default@pve!t")
        #expect(lead(directory, "pve2") == "403 target pve2:8006 \(Self.addToTargets)")
        #expect(lead(directory, "pve3") == "403 target pve3:8006 \(Self.addToTargets)")
        #expect(lead(directory, nil) == "403 target localhost:8006 \(Self.addToTargets)")
    }

    @Test func `without a target a module asks localhost if it may, else the only cluster`() throws {
        let clusters = [try cluster("lab", "pve1")]
        #expect(
            lead(TargetDirectory(try settings(modules: ["default"]), clusters, observer: nil), nil) == "https://pve1:8006 default@pve!t")
        for entry in ["localhost", "local*", "*", "localhost:8006"] {
            let directory = TargetDirectory(try settings(modules: ["default"], allowed: [entry]), clusters, observer: nil)
            #expect(lead(directory, nil) == "https://localhost:8006 default@pve!t", "\(entry)")
        }
        // What localhost means is a matter of the module's port.
        var settings = try settings(modules: ["default"], allowed: ["localhost:443"])
        #expect(lead(TargetDirectory(settings, clusters, observer: nil), nil) == "https://pve1:8006 default@pve!t")
        settings.modules["default"]?.port = 443
        #expect(lead(TargetDirectory(settings, clusters, observer: nil), nil) == "https://localhost:443 default@pve!t")
        settings.allowedTargets = try allowed(["localhost:8006"])
        #expect(lead(TargetDirectory(settings, clusters, observer: nil), nil) == "https://pve1:8006 default@pve!t")
    }

    @Test func `trust, certificate and proxy are the module's`() throws {
        var settings = try settings(modules: ["default"], allowed: ["pve1"])
        settings.modules["default"]?.trust = .insecure
        settings.modules["default"]?.proxy = "http://proxy:3128"
        settings.modules["default"]?.clientCertificate = ClientCertificate(certificateFile: "/c.pem", keyFile: "/k.pem")
        settings.modules["default"]?.timeoutSeconds = 7
        let found = try TargetDirectory(settings, [], observer: nil).find(module: "default", target: "pve1")
        #expect(found.client.endpoint.trust == .insecure && found.client.endpoint.proxy == "http://proxy:3128")
        #expect(found.client.endpoint.clientCertificate?.keyFile == "/k.pem")
    }

    @Test func `a module's own list is the only one that counts for it`() throws {
        var settings = try settings(modules: ["default", "own", "closed"], allowed: ["pve*"])
        settings.modules["own"]?.allowedTargets = try allowed(["other", "10.0.0.5:443"])
        settings.modules["closed"]?.allowedTargets = AllowedTargets()
        let directory = TargetDirectory(settings, [try cluster("lab", "pve1")], observer: nil)
        let addToModule = "is not allowed, so nothing was sent to it; to allow it, add it to allowed_targets of the module"
        #expect(lead(directory, "pve1") == "https://pve1:8006 default@pve!t" && lead(directory, "other").hasPrefix("403 "))
        #expect(lead(directory, "other", module: "own") == "https://other:8006 own@pve!t")
        #expect(lead(directory, "10.0.0.5:443", module: "own") == "https://10.0.0.5:443 own@pve!t")
        // Neither the list of all nor a configured cluster.
        #expect(lead(directory, "pve2", module: "own") == "403 target pve2:8006 \(addToModule)")
        #expect(lead(directory, "pve1", module: "own") == "403 target pve1:8006 \(addToModule)")
        #expect(lead(directory, "lab", module: "own") == "403 target lab:8006 \(addToModule)")
        #expect(lead(directory, nil, module: "own") == "403 target localhost:8006 \(addToModule)")
        for target in ["pve1", "lab", "other", "localhost"] { #expect(lead(directory, target, module: "closed").hasPrefix("403 ")) }
        #expect(lead(directory, "user@other", module: "own").hasPrefix("400 "))
    }

    @Test func `modules that could not be read are told of, and clusters go on`() throws {
        var settings = DropInSettings()
        settings.modulesProblem = Failure(.configuration, "/etc/prometheus/pve.yml:1:1: expected names")
        let alone = TargetDirectory(settings, [], observer: nil)
        #expect(lead(alone, "pve1") == "500 /etc/prometheus/pve.yml:1:1: expected names")
        let beside = TargetDirectory(settings, [try cluster("lab", "pve1")], observer: nil)
        #expect(lead(beside, "pve1") == "https://pve1:8006 lab@pve!own")
    }

    // MARK: what requests may make

    @Test func `a client is kept by module and authority`() throws {
        let directory = TargetDirectory(try settings(modules: ["default", "second"], allowed: ["*"]), [], observer: nil)
        func client(_ module: String, _ target: String) throws -> ProxmoxClient {
            try directory.find(module: module, target: target).client
        }
        let first = try client("default", "pve1")
        for spelling in ["PVE1", "pve1.", "pve1:8006", "pve1.:08006"] { #expect(try client("default", spelling) === first) }
        #expect(try client("second", "pve1") !== first)
        #expect(try client("default", "pve1:443") !== first)
    }

    @Test func `no more than 256 clients are kept, and the oldest goes first`() throws {
        final class Weak { weak var client: ProxmoxClient? }
        let directory = TargetDirectory(try settings(modules: ["default"], allowed: ["*"]), [], observer: nil)
        let kept = try directory.find(module: "default", target: "kept").client
        var made: [Weak] = []
        for number in 0..<1000 {
            let weak = Weak()
            weak.client = try directory.find(module: "default", target: "pve\(number)").client
            made.append(weak)
            // One that is asked for again and again stays.
            #expect(try directory.find(module: "default", target: "kept").client === kept)
        }
        let living = made.map { $0.client != nil }
        #expect(living.count { $0 } == 255 && living.suffix(255).allSatisfy { $0 })
    }

    @Test func `refused requests make no client`() throws {
        let observed = Mutex(0)
        let directory = TargetDirectory(
            try settings(modules: ["default"], allowed: ["pve0"]), [], observer: { _, _, _, _ in observed.withLock { $0 += 1 } })
        let first = try directory.find(module: "default", target: "pve0").client
        // Had they made any, the first would be gone.
        for number in 1..<600 { #expect(lead(directory, "pve\(number)").hasPrefix("403 ")) }
        for number in 1..<600 { #expect(lead(directory, "pve0", module: "no-\(number)").hasPrefix("400 ")) }
        #expect(try directory.find(module: "default", target: "pve0").client === first)
        #expect(observed.withLock { $0 } == 0)
    }

    @Test func `refused requests make no connection`() async throws {
        let listener = try SilentListener()
        let port = listener.address.port
        let settings = try settings(modules: ["default"], allowed: ["pve1", "127.0.0.1", "127.0.0.2:*", "localhost:8006"])
        let exporter = try Exporter(settings, clusters: [try cluster("lab", "127.0.0.1:8006")])
        for target in [
            "127.0.0.1:\(port)", "localhost:\(port)", "%5B::ffff:127.0.0.1%5D:\(port)", "%5B::1%5D:\(port)", "127.1:\(port)",
            "2130706433:\(port)",
            "0x7f.1:\(port)", "user@127.0.0.1:\(port)", "127.0.0.1:\(port)%23", "127.0.0.1:\(port)/", "pve1@127.0.0.1:\(port)",
            "0.0.0.0:\(port)",
            "127.0.0.1.:\(port)", "127.0.0.1:\(port)%00", "localhost.:\(port)",
        ] {
            let answer = try await exporter.ask("target=\(target)")
            #expect([400, 403].contains(answer.status), "\(target)")
            #expect(!answer.text.contains("hunter2"))
        }
        #expect(!listener.wasCalled)
        #expect(!exporter.log.contains("hunter2"))
        await exporter.stop()
    }

    @Test func `what a request said is repeated in one line of letters`() throws {
        let directory = TargetDirectory(try settings(modules: ["default"]), [], observer: nil)
        #expect(lead(directory, "a\r\nSet-Cookie: x\u{1B}[31mü") == "400 target 'a??Set-Cookie: x?[31m??' is no HOST or HOST:PORT")
        let long = lead(directory, String(repeating: "x", count: 100_000) + "/")
        #expect(long.utf8.count < 200)
        #expect(lead(directory, nil, module: String(repeating: "m\n", count: 100_000)).utf8.count < 200)
    }
}
