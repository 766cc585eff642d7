import CollectorConformance
import Glibc
import Primitives
import Testing

@testable import Logs

@Suite struct LogsSurveyTests {
    private static let now = 1_795_388_475.0

    private static func outcome(
        _ output: String, errors: String = "", _ conclusion: ChildProcess.Outcome.Conclusion = .ended(.exited(status: 0))
    ) -> ChildProcess.Outcome {
        ChildProcess.Outcome(conclusion: conclusion, output: Array(output.utf8), errors: Array(errors.utf8), isGone: true)
    }

    private static let entry = "__CURSOR=s=1;i=2\n__REALTIME_TIMESTAMP=1795388470000000\nPRIORITY=6\n\n"

    @Test func theNewestEntrySaysThatTheJournalCanBeRead() {
        #expect(LogsSurvey.judge(Self.outcome(Self.entry), now: Self.now) == .told(ageSeconds: 5, isOwnOnly: false))
        // A clock that was put back makes none younger than now.
        #expect(LogsSurvey.judge(Self.outcome(Self.entry), now: 5) == .told(ageSeconds: 0, isOwnOnly: false))
        let hint =
            "Hint: You are currently not seeing messages from other users and the system.\n      Users in groups 'adm' can see all messages.\n"
        #expect(LogsSurvey.judge(Self.outcome(Self.entry, errors: hint), now: Self.now) == .told(ageSeconds: 5, isOwnOnly: true))
    }

    @Test func whatIsNotToldIsSaid() {
        #expect(
            LogsSurvey.judge(Self.outcome("", errors: "No journal files were\nfound."), now: Self.now)
                == .empty("No journal files were found."))
        let failed = Self.outcome("", errors: "Failed to open: Permission denied\n", .ended(.exited(status: 1)))
        #expect(LogsSurvey.judge(failed, now: Self.now) == .failed("Failed to open: Permission denied"))
        #expect(LogsSurvey.judge(Self.outcome("", .ended(.exited(status: 3))), now: Self.now) == .failed("journalctl exited with status 3"))
        #expect(LogsSurvey.judge(Self.outcome("", .late), now: Self.now) == .failed("journalctl does not answer within 5 s"))
    }

    @Test func journalctlIsAskedForTheLastEntryAndNothingElse() {
        var settings = JournalSettings()
        settings.directory = "/var/log/journal"
        settings.units = ["none.service"]
        let words = JournalCommand.lastEntry(settings)
        #expect(words.contains("--lines=1") && words.contains("--directory=/var/log/journal"))
        #expect(!words.contains { $0.hasPrefix("--unit") || $0 == "--follow" })
    }

    @Test func aFolderIsLookedAtAndNotTouched() throws {
        let scratch = try TemporaryFolder()
        let folder = scratch.path
        #expect(LogsSurvey.state(of: folder) == .writable(isMade: true))
        #expect(LogsSurvey.state(of: folder + "/a/b/") == .writable(isMade: false))
        #expect(Files.names(in: folder) == [])
        // Nobody makes a folder in a file.
        let file = folder + "/file"
        try Files.write([], to: file)
        #expect(LogsSurvey.state(of: file + "/a") == .unusable("\(file) may not be written: \(systemMessage(ENOTDIR))"))
        // Who runs holds it, and who is gone does not.
        let lock = folder + "/lock"
        try Files.write(Array("1\n".utf8), to: lock)
        #expect(LogsSurvey.state(of: folder) == .inUse(processID: 1))
        try Files.write(Array("2147483646\n".utf8), to: lock)
        #expect(LogsSurvey.state(of: folder) == .writable(isMade: true))
        let places = folder + "/places.json"
        try Files.write(Array("{".utf8), to: places)
        guard case .unusable(let words) = LogsSurvey.state(of: folder) else { return #expect(Bool(false), "a damaged file is told") }
        #expect(words.contains("is damaged"))
    }
}
