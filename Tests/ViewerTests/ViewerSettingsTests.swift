import Primitives
import Settings
import Testing
import UpstreamConfiguration

@testable import Viewer

@Suite struct ViewerSettingsTests {
    private static func settings(_ values: [String: String]) throws(Failure) -> ViewerSettings {
        var environment: [String: String] = [:]
        for (name, value) in values { environment["MARTLET_DASHBOARDS__\(name)"] = value }
        let shape = SettingsShape.section([SettingsKey("dashboards", ViewerSettings.shape, "Dashboards.")])
        return try ViewerSettings(try SettingsTree(file: nil, environment: environment, flags: [], shape: shape)["dashboards"])
    }

    @Test func `nothing said is what stands on this machine`() throws {
        let settings = try Self.settings([:])
        #expect(settings.prometheus.url == "http://127.0.0.1:9090")
        #expect(settings.alertmanager?.url == "http://127.0.0.1:9093")
        #expect(settings.loki == nil)
        #expect(settings.maxRangeSeconds == 366 * 86_400)
        #expect(settings.answerBytes == 32 << 20)
    }

    @Test func `what is said counts`() throws {
        let settings = try Self.settings([
            "PROMETHEUS__URL": "https://prometheus.example.org/base/", "ALERTMANAGER__URL": "off", "LOKI__URL": "http://[::1]:3100",
            "EXTERNAL_URL": "https://boards.example.org/", "MAX_RANGE": "30d", "MAX_ANSWER_MIB": "4",
        ])
        #expect(settings.prometheus.url == "https://prometheus.example.org/base")
        #expect(settings.alertmanager == nil)
        #expect(settings.loki?.url == "http://[::1]:3100")
        #expect(settings.externalURL == "https://boards.example.org")
        #expect(settings.maxRangeSeconds == 30 * 86_400)
        #expect(settings.answerBytes == 4 << 20)
    }

    @Test(arguments: [
        "", "prometheus:9090", "ftp://prometheus", "http://", "http:///x", "http://:9090", "http://user:secret@prometheus:9090",
        "http://prometheus:9090?x=1", "http://prometheus:9090#x", "http://a b", "http://a\r\nX: y", "file:///etc/passwd",
    ])
    func `a URL is one that can be asked`(_ url: String) {
        // An empty variable is none.
        #expect(((try? Self.settings(["PROMETHEUS__URL": url])) == nil) == !url.isEmpty)
    }

    @Test func `a password in a URL is not repeated`() {
        do throws(Failure) {
            _ = try Self.settings(["PROMETHEUS__URL": "http://user:secret@prometheus:9090"])
            Issue.record("it was taken")
        } catch {
            #expect(!error.message.contains("secret"))
            #expect(error.message.contains("password_file"))
        }
    }

    @Test(arguments: [
        ["PROMETHEUS__URL": "off"], ["EXTERNAL_URL": "boards.example.org"], ["EXTERNAL_URL": "https://boards.example.org/grafana"],
        ["PROMETHEUS__USERNAME": "ada"], ["PROMETHEUS__CA_FILE": "/etc/passwd"],
        ["PROMETHEUS__URL": "https://prometheus", "PROMETHEUS__CA_FILE": "/there/is/none"],
        ["PROMETHEUS__BEARER_TOKEN_FILE": "/there/is/none"], ["MAX_ANSWER_MIB": "65"], ["MAX_RANGE": "1s"],
    ])
    func `what cannot be is refused`(_ values: [String: String]) { #expect((try? Self.settings(values)) == nil) }

    @Test func `who asks shows a name and a password`() throws {
        let file = "/tmp/martlet-viewer-test-\(UInt64.random(in: 0 ... .max))"
        try Files.write(Array("open sesame\n".utf8), to: file, mode: 0o600)
        defer { Files.remove(file) }
        let basic = try Self.settings(["PROMETHEUS__USERNAME": "Aladdin", "PROMETHEUS__PASSWORD_FILE": file])
        #expect(basic.prometheus.authorization?.reveal() == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==")
        let bearer = try Self.settings(["PROMETHEUS__BEARER_TOKEN_FILE": file])
        #expect(bearer.prometheus.authorization?.reveal() == "Bearer open sesame")
        let both = ["PROMETHEUS__BEARER_TOKEN_FILE": file, "PROMETHEUS__USERNAME": "Aladdin", "PROMETHEUS__PASSWORD_FILE": file]
        #expect((try? Self.settings(both)) == nil)
    }
}
