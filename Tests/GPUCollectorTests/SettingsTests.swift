import Exporting
import GPUCollector
import Primitives
import Settings
import Testing

@Suite struct SettingsTests {
    private static func settings(_ environment: [String: String]) throws -> GPUSettings {
        try GPUSettings(
            try SettingsTree(
                file: nil, environment: environment, flags: [], shape: .section([GPUDefinition.section]))["gpu"])
    }

    @Test func `what holds without settings`() throws {
        let settings = try Self.settings([:])
        #expect(settings == GPUSettings())
        #expect(settings.library == nil && settings.intervalSeconds == 5 && settings.stuckAfterSeconds == 30 && settings.names == .both)
    }

    @Test func `all of it set`() throws {
        let settings = try Self.settings([
            "MARTLET_GPU__LIBRARY": "/opt/libnvidia-ml.so.1", "MARTLET_GPU__INTERVAL": "15s", "MARTLET_GPU__STUCK_AFTER": "1m",
            "MARTLET_GPU__NAMES": "native", "MARTLET_GPU__PER_PROCESS": "true",
        ])
        #expect(settings.library == "/opt/libnvidia-ml.so.1")
        #expect(settings.intervalSeconds == 15 && settings.stuckAfterSeconds == 60)
        #expect(settings.names == .native && settings.isPerProcess)
    }

    @Test(arguments: [
        ("LIBRARY", "lib/libnvidia-ml.so.1", "write it from the root"), ("INTERVAL", "0s", "a duration from 1s to 5m"),
        ("STUCK_AFTER", "1h", "a duration from 5s to 10m"), ("NAMES", "dcgm", "one of native, compatible, both"),
        ("ENABLED", "perhaps", "one of auto, true, false"),
    ])
    func `what cannot be`(key: String, value: String, words: String) {
        #expect { try Self.settings(["MARTLET_GPU__\(key)": value]) } throws: {
            "\($0)".contains(words) && "\($0)".contains("MARTLET_GPU__\(key)")
        }
    }
}
