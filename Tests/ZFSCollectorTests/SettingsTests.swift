import Exporting
import Primitives
import Settings
import Testing
import ZFSCollector

@Suite struct SettingsTests {
    private static func settings(_ environment: [String: String]) throws -> ZFSSettings {
        try ZFSSettings(
            try SettingsTree(
                file: nil, environment: environment, flags: [], shape: .section([ZFSDefinition.section]))["zfs"])
    }

    @Test func `what holds without settings`() throws {
        let settings = try Self.settings([:])
        #expect(settings.zpoolPath == nil && settings.intervalSeconds == 60)
    }

    @Test func `path and interval`() throws {
        let settings = try Self.settings(["MARTLET_ZFS__ZPOOL_PATH": "/opt/zfs/zpool", "MARTLET_ZFS__INTERVAL": "5m"])
        #expect(settings.zpoolPath == "/opt/zfs/zpool" && settings.intervalSeconds == 300)
    }

    @Test(arguments: [
        ("ZPOOL_PATH", "zpool", "is no absolute path"), ("INTERVAL", "0s", "a duration from 1s to 1h"),
        ("ENABLED", "perhaps", "one of auto, true, false"),
    ])
    func `what cannot be`(key: String, value: String, words: String) {
        #expect { try Self.settings(["MARTLET_ZFS__\(key)": value]) } throws: {
            "\($0)".contains(words) && "\($0)".contains("MARTLET_ZFS__\(key)")
        }
    }
}
