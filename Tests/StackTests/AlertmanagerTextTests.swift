import Primitives
import Testing

@testable import Stack

@Suite struct AlertmanagerTextTests {
    private func lines(_ plan: StackPlan) throws -> [String] {
        let text = try #require(StackFiles(plan).files.first { $0.path == "alertmanager/alertmanager.yml" }).text
        return text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    private func shipped() throws -> [String] {
        let text = try #require(EmbeddedFiles.all.first { $0.path == "alertmanager/alertmanager.yml" }).text
        return text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    /// What stands between the marks of that name, with them.
    private func parts(_ name: String) throws -> [String] {
        var isInside = false
        return try shipped().filter { line in
            if line.drop(while: { $0 == " " }) == "# \(name): begin" { isInside = true }
            defer { if line.drop(while: { $0 == " " }) == "# \(name): end" { isInside = false } }
            return isInside
        }
    }

    private func mail(_ smarthost: String = "mail.example.org:587") -> StackPlan.Mail {
        StackPlan.Mail(smarthost: smarthost, from: "martlet@example.org", to: "ops@example.org")
    }

    @Test func withoutMailItsPartsAreMissingAndNothingElse() throws {
        let left = try lines(shippedPlan())
        #expect(try parts("mail").count > 20)
        #expect((left + (try parts("mail"))).sorted() == (try shipped()).sorted())
        #expect(!left.contains { $0.contains("email_configs") || $0.contains("smtp_smarthost") || $0.hasSuffix("receiver: mail") })
    }

    @Test func withMailItsValuesStandInTheirLines() throws {
        var plan = shippedPlan()
        plan.mail = mail()
        let (old, new) = (try shipped(), try lines(plan))
        #expect(old.count == new.count)
        #expect(
            zip(old, new).filter { $0 != $1 }.map(\.1) == [
                "  smtp_smarthost: \"mail.example.org:587\"", "  smtp_from: \"martlet@example.org\"", "  smtp_require_tls: true",
                "      - to: \"ops@example.org\"",
            ])
    }

    @Test func ofALoginTheFileStandsThereAndNotThePassword() throws {
        var plan = shippedPlan()
        plan.mail = mail()
        plan.mail?.login = ("o'brien \"x\": #", "/etc/martlet/mail-password")
        let new = try lines(plan)
        #expect(new.contains("  smtp_auth_username: \"o'brien \\\"x\\\": #\""))
        #expect(new.contains("  smtp_auth_password_file: \"/etc/martlet/mail-password\""))
        #expect(new.count == (try shipped()).count + 2)
    }

    @Test(
        arguments: [
            ("mail.example.org:587", nil, true), ("mail.example.org:587", false, false), ("127.0.0.1:25", nil, false),
            ("localhost:25", nil, false), ("[::1]:25", nil, false), ("127.0.0.1:25", true, true),
            // TLS from the first byte: Alertmanager would ask for STARTTLS on top of it.
            ("mail.example.org:465", nil, false), ("mail.example.org:465", true, false),
        ] as [(String, Bool?, Bool)])
    func tlsIsDemandedOfServersElsewhere(smarthost: String, asked: Bool?, expected: Bool) {
        var mail = mail(smarthost)
        mail.requiresTLS = asked
        #expect(mail.demandsStartTLS == expected)
    }

    @Test(arguments: [
        ("mail.example.org", "a@b", "c@d", "smarthost"), ("mail.example.org:0", "a@b", "c@d", "smarthost"),
        ("mail.example.org:smtp", "a@b", "c@d", "smarthost"), (":25", "a@b", "c@d", "smarthost"), ("::1:25", "a@b", "c@d", "smarthost"),
        ("mail:25", "", "c@d", "from"), ("mail:25", "a", "c@d", "from"), ("mail:25", "a@b", "c@d, e", "to"),
        ("mail:25", "a@b", "c@d\nx: y", "to"), ("mail:25", "a@b", "{{ .x }}@d", "to"), ("", "a@b", "c@d", "smarthost"),
    ])
    func mailThatCannotWorkIsRefused(smarthost: String, from: String, to: String, key: String) {
        let mail = StackPlan.Mail(smarthost: smarthost, from: from, to: to)
        #expect(failure { try mail.check() }?.hasPrefix("stack.alertmanager.mail.\(key): ") == true)
    }

    @Test(arguments: ["mail:25", "127.0.0.1:25", "[fd00::1]:587"]) func mailThatCanWorkIsTaken(smarthost: String) {
        let mail = StackPlan.Mail(smarthost: smarthost, from: "\"M\" <a@b>", to: "c@d, e@f")
        #expect(failure { try mail.check() } == nil)
    }

    @Test func aPasswordDoesNotGoOverTheNetworkInTheClear() {
        var mail = mail()
        mail.login = ("me", "/p")
        mail.requiresTLS = false
        #expect(failure { try mail.check() }?.contains("mail.require_tls: a password would go") == true)
        for smarthost in ["127.0.0.1:25", "mail.example.org:465"] {
            mail.smarthost = smarthost
            #expect(failure { try mail.check() } == nil)
        }
    }

    @Test func aPasswordBesideALineBreakGetsAFileOfItsOwn() throws {
        var plan = shippedPlan()
        plan.mail = mail()
        plan.mail?.login = ("me", "/etc/martlet/mail-password")
        plan.mail?.barePassword = Secret("correct horse")
        #expect(try lines(plan).contains("  smtp_auth_password_file: \"/state/alertmanager/mail-password\""))
        #expect(StackFiles(plan).files.first { $0.path == "alertmanager/mail-password" }?.text == "correct horse")
        #expect(!(try lines(plan)).contains { $0.contains("correct horse") })
    }

    @Test func theDeadMansURLIsTheReceiversOnlyOne() throws {
        var plan = shippedPlan()
        plan.deadmanURL = Secret("https://hc.example.org/0a-1b")
        let text = try lines(plan).joined(separator: "\n")
        let expected = """
              - name: deadman
                webhook_configs:
                  - url: "https://hc.example.org/0a-1b"
                    send_resolved: false
              - name: webhook

            """
        #expect(text.contains(expected))
    }

    @Test(arguments: [
        ("22:00-05:00", [["22:00", "24:00"], ["00:00", "05:00"]]), ("01:30-03:00", [["01:30", "03:00"]]),
        ("21:00-24:00", [["21:00", "24:00"]]), ("21:00-00:00", [["21:00", "24:00"]]), ("00:00-24:00", [["00:00", "24:00"]]), ("off", []),
    ])
    func aBackupWindowIsRangesWithinADay(text: String, expected: [[String]]) throws {
        let window = try #require(BackupWindow(parsing: text))
        #expect(window.ranges.map { [$0.start, $0.end] } == expected)
    }

    @Test(arguments: [
        "", "22-5", "22:00", "22:00-22:00", "24:00-05:00", "22:60-05:00", "25:00-05:00", "2:00-05:00", "22:00-05:00-06:00", "-", "Off",
        "+1:00-05:00",
    ])
    func anythingElseIsNoBackupWindow(text: String) { #expect(BackupWindow(parsing: text) == nil) }

    @Test func aBackupWindowTakesThePlaceOfTheShippedOne() throws {
        var plan = shippedPlan()
        plan.backupWindow = BackupWindow(parsing: "22:00-05:00")
        #expect(try lines(plan) == lines(shippedPlan()))
        plan.backupWindow = BackupWindow(parsing: "01:30-03:00")
        let new = try lines(plan)
        let start = try #require(new.firstIndex(of: "        times:"))
        #expect(
            new[(start + 1)...].prefix(3) == ["          - start_time: '01:30'", "            end_time: '03:00'", "# backup window: end"])
        plan.backupWindow = BackupWindow(parsing: "off")
        #expect(!(try lines(plan)).contains { $0.contains("backup-window") || $0.contains("time_intervals") })
    }
}
