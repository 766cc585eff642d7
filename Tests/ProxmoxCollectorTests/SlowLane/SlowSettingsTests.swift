import CollectorConformance
import Primitives
import Settings
import Testing

@testable import ProxmoxCollector

@Suite struct SlowSettingsTests {
    private static let shape = SettingsShape.section([SettingsKey("slow", SlowSettings.shape, "What is asked for on timers.")])

    /// Reads the section; errors have the file's folder as `$`.
    private static func read(_ yaml: String) throws -> Result<SlowSettings, Failure> {
        let folder = try TemporaryFolder()
        try folder.write("martlet.yml", yaml)
        do throws(Failure) {
            let tree = try SettingsTree(file: "\(folder.path)/martlet.yml", environment: [:], flags: [], shape: shape)
            return .success(try SlowSettings(tree["slow"]))
        } catch {
            return .failure(Failure(error.code, error.description.replacing(folder.path, with: "$")))
        }
    }

    @Test func `nothing said is everything asked`() throws {
        for yaml in ["", "slow:\n", "slow:\n  skip: []\n  periods:\n"] {
            let settings = try Self.read(yaml).get()
            #expect(settings.isEnabled && settings.skipped == [] && settings.periods == [:])
        }
    }

    @Test func `sources left out, and other periods`() throws {
        let settings = try Self.read(
            "slow:\n  skip: [agent, updates, \"\"]\n  periods:\n    ha: 10s\n    backup-gaps: 1h\n    updates: 1d\n"
        ).get()
        #expect(settings.isEnabled && settings.skipped == ["agent", "updates"])
        #expect(settings.periods == ["ha": 10, "backup-gaps": 3600, "updates": 86_400])
        #expect(try !Self.read("slow:\n  enabled: false\n").get().isEnabled)
    }

    @Test(arguments: [
        ("slow:\n  skip: [backupz]\n", "$/martlet.yml:2:", "there is no source \"backupz\"; did you mean backups?"),
        ("slow:\n  skip: [permissions]\n", "$/martlet.yml:2:", "there is no source \"permissions\""),
        ("slow:\n  periods:\n    ha: 9s\n", "$/martlet.yml:3:", "10"), ("slow:\n  periods:\n    ha: 0\n", "$/martlet.yml:3:", ""),
        ("slow:\n  periods:\n    ha: -60\n", "$/martlet.yml:3:", ""), ("slow:\n  periods:\n    ha: often\n", "$/martlet.yml:3:", ""),
        ("slow:\n  periods:\n    ha: 2d\n", "$/martlet.yml:3:", ""), ("slow:\n  periods:\n    ha: nan\n", "$/martlet.yml:3:", ""),
        ("slow:\n  periods:\n    hq: 60s\n", "$/martlet.yml:3:", "hq"), ("slow:\n  enabled: perhaps\n", "$/martlet.yml:2:", ""),
        ("slow:\n  skipp: [ha]\n", "$/martlet.yml:2:", "skip"), ("slow:\n  periods: 60s\n", "$/martlet.yml:2:", ""),
    ])
    func `a mistake is named with its place`(yaml: String, place: String, words: String) throws {
        guard case .failure(let failure) = try Self.read(yaml) else {
            Issue.record("\(yaml) is taken")
            return
        }
        #expect(failure.description.contains(place) && failure.description.contains(words), "\(failure)")
    }

    @Test func `a source's period stands in its profile, and nowhere else`() throws {
        var settings = SlowSettings()
        settings.periods = ["ha": 77]
        settings.skipped = ["ceph"]
        let profiles = ProxmoxFamilies(settings).slow.shelves.map(\.profile)
        #expect(profiles.first { $0.name == "ha" }?.periodSeconds == 77 && profiles.first { $0.name == "storage" }?.periodSeconds == 60)
        #expect(!profiles.contains { $0.name == "ceph" } && profiles.count == SlowScrapes.all.count - 1)
    }
}
