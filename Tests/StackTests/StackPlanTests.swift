import Primitives
import Testing
import Web

@testable import Stack

@Suite struct StackPlanTests {
    @Test func theShippedAddressesPass() throws {
        var plan = shippedPlan()
        plan.simulation = simulation()
        try plan.check()
    }

    @Test func aWrongRetentionIsRefused() {
        var plan = shippedPlan()
        plan.retention = "two weeks"
        #expect(
            failure { try plan.check() } == "retention \"two weeks\" is not a time as Prometheus writes it, as in 15d or 36h")
    }

    @Test(arguments: [0, -1, .nan, .infinity, 4000])
    func aWrongScrapeIntervalIsRefused(seconds: Double) {
        var plan = shippedPlan()
        plan.scrapeInterval = seconds
        #expect(failure { try plan.check() }?.hasSuffix("is not between 0.1 s and 1 h") == true)
    }

    @Test(arguments: ["ftp://a/secret", "secret", "http://a/secret b", "http://a/'secret", "http://secret:", "http://a/secret\nx: y"])
    func aWrongWebhookIsRefusedWithoutRepeatingIt(url: String) throws {
        var plan = shippedPlan()
        plan.webhookURL = Secret(url)
        let message = try #require(failure { try plan.check() })
        #expect(message == "the webhook's URL is not an http or https URL without spaces and quotes")
    }

    @Test func oneAddressForTwoIsRefused() {
        var plan = shippedPlan()
        plan.alertmanager.address = ListenAddress(host: "", port: 9090)
        #expect(
            failure { try plan.check() }
                == "--prometheus.listen-address 127.0.0.1:9090 and --alertmanager.listen-address :9090 are the same port; "
                + "choose another for one of them")
    }

    @Test func simulatedHostsMayNotMeetThisOne() {
        var plan = shippedPlan()
        plan.simulation = simulation()
        plan.nodeExporter.address = ListenAddress(host: "127.0.0.13", port: 9100)
        #expect(failure { try plan.check() }?.contains("--simulate.hosts 127.0.0.13:9100 are the same port") == true)
    }

    @Test func aPortThatTheKernelChoosesIsRefused() {
        var plan = shippedPlan()
        plan.prometheus.address = ListenAddress(host: "127.0.0.1", port: 0)
        #expect(failure { try plan.check() } == "--prometheus.listen-address: port 0 is no fixed port, and others must find it")
    }

    @Test func missingProgramsAreNamedWithTheirPackages() throws {
        let folder = try TemporaryDirectory()
        var names = ProgramNames()
        names.searchPath = folder.path
        #expect(
            failure { _ = try names.find() }
                == "prometheus, prometheus-alertmanager and prometheus-node-exporter are not on PATH: "
                + "apt-get install prometheus prometheus-alertmanager prometheus-node-exporter")
        for name in ["prometheus", "node_exporter", "promtool"] { try folder.write("", to: name, mode: 0o755) }
        #expect(
            failure { _ = try names.find() } == "prometheus-alertmanager is not on PATH: apt-get install prometheus-alertmanager")
        names.alertmanager = folder.file("am")
        #expect(
            failure { _ = try names.find() }
                == "\(folder.file("am")), given for prometheus-alertmanager, is not an executable file")
        try folder.write("", to: "am", mode: 0o755)
        let found = try names.find()
        #expect(found.nodeExporter == folder.file("node_exporter"))
        #expect(found.promtool == folder.file("promtool"))
        #expect(found.amtool == nil)
    }

    @Test(arguments: [
        ("15d", true), ("1h30m", true), ("1y2w3d4h5m6s7ms", true), ("0d", false), ("", false), ("15", false), ("d", false),
        ("15 d", false), ("1m1h", false), ("1d1d", false), ("1M", false), ("-1d", false), ("1.5h", false), ("٣d", false),
    ])
    func durationsAreThoseOfPrometheus(text: String, isOne: Bool) { #expect(isPrometheusDuration(text) == isOne) }

    @Test func addressesCountOnOverTheEndOfAByte() throws {
        #expect(try #require(IPv4("127.0.0.254")).advanced(by: 3).description == "127.0.1.1")
        #expect(IPv4("::1") == nil)
    }

    @Test func ourOwnProgramIsAFile() { #expect(Files.isExecutable(StackPlan.ownExecutable)) }
}
