import GRPC
import Primitives
import Settings
import Testing
import Web

@testable import ProviderHosting

@Suite struct GRPCSettingsTests {
    private static func settings(_ values: [String: String]) throws(Failure) -> GRPCSettings {
        let environment = values.map { key, value in
            ("MARTLET_GRPC__" + key.split(separator: ".").joined(separator: "__").uppercased(), value)
        }
        let shape = SettingsShape.section([SettingsKey("grpc", .section(GRPCSettings.keys), "")])
        let tree = try SettingsTree(file: nil, environment: Dictionary(uniqueKeysWithValues: environment), flags: [], shape: shape)
        return try GRPCSettings(tree["grpc"], socket: "/run/here.sock")
    }

    @Test func `Without a word there is a socket for its owner and no network`() throws {
        let server = try Self.settings([:]).server
        #expect(server.files.map(\.path) == ["/run/here.sock"])
        #expect(server.files.map(\.mode) == [0o600])
        #expect(server.network == nil)
    }

    @Test func `A group may be let in`() throws {
        #expect(try Self.settings(["socket": "/a/b", "socket_access": "group"]).server.files.first?.mode == 0o660)
    }

    @Test func `A network has certificates, and the socket may go`() throws {
        let tls = ["tls.cert_file": "c", "tls.key_file": "k", "tls.client_ca_file": "a"]
        let settings = try Self.settings(tls.merging(["socket": "", "listen_address": "127.0.0.1:9443"]) { first, _ in first })
        #expect(settings.server.files.isEmpty)
        #expect(settings.server.network?.addresses.map(\.description) == ["127.0.0.1:9443"])
        #expect(settings.server.network?.files.authorities == "a")
    }

    @Test(
        arguments: [
            (["listen_address": "127.0.0.1:9443"], "both sides show a certificate"),
            (["listen_address": "127.0.0.1:9443", "tls.cert_file": "c", "tls.key_file": "k"], "both sides show a certificate"),
            (["listen_address": "localhost"], "is not HOST:PORT"), (["socket": ""], "nobody could call"),
            (["socket": "a"], "absolute path"),
            (["max_calls": "0"], "whole number"), (["socket_access": "world"], "one of owner, group"),
        ] as [([String: String], String)]) func `What cannot be used is refused`(_ values: [String: String], _ words: String)
    {
        do throws(Failure) {
            _ = try Self.settings(values)
            Issue.record("\(values) was taken")
        } catch {
            #expect(error.message.contains(words), "\(error)")
        }
    }
}
