import CollectorConformance
import Primitives
import ProxmoxAPI
import Settings
import Testing
import Web

@testable import ProxmoxDropIn

@Suite struct ModuleEnvironmentTests {
    private func read(_ variables: [String: String]) throws -> [String: DropInModule]? { try ModuleEnvironment.read(variables) }

    @Test(arguments: [
        [:], ["PVE_USER": ""], ["PVE_PASSWORD": "hunter2"], ["PVE_TOKEN_NAME": "t", "PVE_TOKEN_VALUE": "hunter2", "PVE_MODULE": "x"],
    ])
    func `without a user there is no module`(variables: [String: String]) throws { #expect(try read(variables) == nil) }

    @Test func `a login or a token`() throws {
        let login = try #require(try read(["PVE_USER": "u@pam", "PVE_PASSWORD": "hunter2 ä"]))
        #expect(login.keys.sorted() == ["default"] && login["default"]?.trust == .system && login["default"]?.port == 8006)
        #expect(login["default"]?.account.credential == .password(user: "u@pam", Secret("hunter2 ä")))
        let token = try #require(
            try read(["PVE_USER": "u@pam", "PVE_PASSWORD": "hunter2", "PVE_TOKEN_NAME": "t", "PVE_TOKEN_VALUE": "v", "PVE_MODULE": "lab"]))
        #expect(token.keys.sorted() == ["lab"] && token["lab"]?.account.credential == .token(Secret("u@pam!t=v")))
        #expect(
            try read(["PVE_USER": "u@pam", "PVE_PASSWORD": "hunter2", "PVE_TOKEN_NAME": "", "PVE_TOKEN_VALUE": "", "PVE_MODULE": ""])?.keys
                .sorted() == ["default"])
    }

    @Test(
        arguments: [
            ("false", .insecure), ("False", .insecure), ("FALSE", .insecure), ("0", .insecure), ("true", .system), ("1", .system),
            ("", .system),
            // Whatever else stands there does not open the door.
            ("no", .system), ("off", .system), ("flase", .system), (" false", .system), ("false ", .system), ("00", .system),
            ("/etc/ca.pem", .system),
            ("\u{2010}0", .system), ("０", .system), ("fal\u{17F}e", .system),
        ] as [(String, HTTPRequest.Trust)])
    func `whom to believe`(word: String, trust: HTTPRequest.Trust) throws {
        #expect(try read(["PVE_USER": "u@pam", "PVE_PASSWORD": "hunter2", "PVE_VERIFY_SSL": word])?["default"]?.trust == trust)
    }

    @Test(arguments: [
        ["PVE_USER": "u@pam"], ["PVE_USER": "u@pam", "PVE_TOKEN_NAME": "t"], ["PVE_USER": "u@pam", "PVE_TOKEN_VALUE": "hunter2"],
        ["PVE_USER": "u@pam", "PVE_PASSWORD": "hunter2", "PVE_TOKEN_NAME": "t"],
        ["PVE_USER": "u@pam", "PVE_PASSWORD": "hunter2", "PVE_TOKEN_VALUE": "hunter2"],
        ["PVE_USER": "u", "PVE_PASSWORD": "hunter2"], ["PVE_USER": "hunter2@", "PVE_PASSWORD": "hunter2"],
        ["PVE_USER": "u pam@x\n", "PVE_PASSWORD": "hunter2"],
        ["PVE_USER": "u@pam", "PVE_TOKEN_NAME": "t", "PVE_TOKEN_VALUE": "hunter2\n"],
        ["PVE_USER": "u@pam", "PVE_TOKEN_NAME": "t!x", "PVE_TOKEN_VALUE": "hunter2"],
        ["PVE_USER": "u@pam!t", "PVE_TOKEN_NAME": "t", "PVE_TOKEN_VALUE": "hunter2"],
        ["PVE_USER": "u=@pam", "PVE_TOKEN_NAME": "t", "PVE_TOKEN_VALUE": "hunter2"],
    ])
    func `half a credential is told without the secret`(variables: [String: String]) throws {
        let error = try #require(failure { try read(variables) })
        #expect(error.code == .configuration && error.message.hasPrefix("environment variable PVE_USER: "))
        #expect(!error.message.contains("hunter2") && !error.message.utf8.contains { $0 < 0x20 }, "\(error.message)")
    }

    // MARK: the whole of the settings

    private func settings(_ file: String, _ environment: [String: String] = [:]) throws -> DropInSettings {
        let folder = try TemporaryFolder()
        let path = try folder.file("martlet.yml", file.replacing("DIR", with: folder.path))
        _ = try folder.file("pve.yml", "lab: {user: u@pve, password: hunter2}\n")
        return try DropInSettings(
            try SettingsTree(file: path, environment: [:], flags: [], shape: DropInSettings.shape), environment: environment)
    }

    @Test func `the environment goes before the file`() throws {
        #expect(try settings("config_file: DIR/pve.yml\n").modules.keys.sorted() == ["lab"])
        let both = try settings("config_file: DIR/pve.yml\n", ["PVE_USER": "u@pam", "PVE_PASSWORD": "hunter2"])
        #expect(both.modules.keys.sorted() == ["default"])
        // Not even whether it is there.
        #expect(try settings("config_file: DIR/none.yml\n", ["PVE_USER": "u@pam", "PVE_PASSWORD": "hunter2"]).modules.count == 1)
        let error = failure { try settings("config_file: DIR/none.yml\n") }
        #expect(error?.message.contains("none.yml: No such file or directory") == true)
    }

    @Test func `collectors`() throws {
        let standard = try settings("config_file: DIR/pve.yml\n")
        #expect(
            standard.collectors == DropInCollectors() && !standard.countsCalls && !standard.countsTargets && standard.allowedTargets.isEmpty
        )
        let off = try settings(
            "config_file: DIR/pve.yml\ncollector: {backup_info: false, config: off, qdevice: 0, status: yes, pve_api_metrics: true, target_metrics: 1}\n"
        )
        var expected = DropInCollectors()
        (expected.backupInfo, expected.config, expected.qdevice) = (false, false, false)
        #expect(off.collectors == expected && off.countsCalls && off.countsTargets)
        for entry in DropInCollectors.all {
            let one = try settings("config_file: DIR/pve.yml\ncollector: {\(entry.key): false}\n").collectors
            for other in DropInCollectors.all { #expect(one[keyPath: other.path] == (other.key != entry.key)) }
            #expect(DropInSettings.flags.count { $0.name == "pve.collector.\(entry.flag)" } == 1)
        }
        #expect(failure { try settings("collector: {backup-info: false}\n") }?.message.contains("did you mean \"backup_info\"?") == true)
        #expect(failure { try settings("collector: {status: maybe}\n") } != nil)
    }
}
