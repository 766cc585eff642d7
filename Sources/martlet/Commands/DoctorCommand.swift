import Discovery
import Doctor
import Glibc
import Primitives
import ProxmoxConfiguration
import Serving
import Settings
import Stack
import Web

/// `martlet doctor`
enum DoctorCommand {
    static let command = Command(
        "doctor",
        "Says what is wrong with each configured source, and what to type to mend it",
        flags: [
            Configuration.fileFlag,
            Flag("json", nil, "One JSON object in place of text"),
            Flag("strict", nil, "Exit 3 for warnings too"),
            Flag("timeout", "DURATION", "Longest it may take in all", standard: "60s"),
            Flag("guests", "COUNT", "Guests of each cluster that are asked for their address; 0 leaves guests out", standard: "100"),
            Flag("exporters", nil, "Ask the exporters of guests and nodes for metrics, from this machine", standard: "true"),
            Flag(
                "prometheus.listen-address", "ADDRESS", "Where Prometheus is", standard: StackProfile.standard.address(of: .prometheus),
                setting: ["stack", "prometheus", "listen_address"]),
        ] + ExporterCommand.flags.filter { shared.contains($0.name) },
        notes: [
            "Exit status: 0 without problems (there may be warnings), 3 with problems, 1 when it cannot run because the settings",
            "are broken, 2 for a wrong command line. It only reads: no setting and nothing in a cluster is changed.",
        ])

    /// What decides, at the exporter, which sources there are.
    private static let shared: Set = ["exporter.role", "path.root", "pve.config-file", "pve.allowed-targets"]

    private static let graceSeconds = 5.0

    static func run(_ invocation: CommandLineParser.Invocation) throws(Failure) -> Never {
        let (timeout, guestLimit) = (try seconds(invocation), try guests(invocation))
        let configuration = try Configuration(invocation, ofStack: true)
        let credentials = DoctorCredentials(configuration)
        let known = credentials.areReadable ? try configuration.clusters() : nil
        let clusters = known?.all ?? []
        var options = Examination.Options(discovery: known == nil ? DiscoverySettings(clusters: []) : try configuration.discovery())
        options.isOfVariables = configuration.tree["proxmox"]["clusters"].sections.isEmpty
        options.guestLimit = guestLimit
        options.asksExporters = invocation.isOn("exporters")
        let surroundings = try DoctorSurroundings(configuration, known, credentials)
        let (isJSON, isStrict) = (invocation.isOn("json"), invocation.isOn("strict"))
        let examination = Examination(clusters, options) { http, deadline in
            await surroundings.sections(http, deadline)
        }
        try ServiceRunner.run { _ throws(Failure) in
            let http = try HTTPClient()
            // Every check keeps the deadline; should one not, somebody waits for an answer all the same.
            Task.detached {
                try? await Task.sleep(for: .seconds(timeout + graceSeconds))
                Program.fail(
                    Failure(.timeout, "not done \(Int(graceSeconds)) s after --timeout; a file or program of this machine does not answer"))
            }
            let report = await examination.run(http, by: .after(seconds: timeout))
            let bytes =
                isJSON
                ? ReportJSON.bytes(report, version: Program.version.number)
                : Array(ReportText(isColoured: isColoured, width: width).text(report).utf8)
            guard Files.writeAll(bytes, to: STDOUT_FILENO) else { Program.leave(1) }
            Program.leave(report.exitStatus(isStrict: isStrict))
        }
    }

    /// Columns to write in: as somebody says, else those of the terminal.
    private static var width: Int {
        let bearable = 40...1_000_000
        if let columns = ProcessEnvironment.all["COLUMNS"].flatMap({ Int($0) }), columns > 0 { return columns.clamped(to: bearable) }
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 100 }
        return Int(size.ws_col).clamped(to: bearable)
    }

    private static var isColoured: Bool {
        isatty(STDOUT_FILENO) == 1 && ProcessEnvironment.all["NO_COLOR"]?.isEmpty ?? true && ProcessEnvironment.all["TERM"] != "dumb"
    }

    private static func seconds(_ invocation: CommandLineParser.Invocation) throws(Failure) -> Double {
        let text = invocation.value("timeout") ?? ""
        guard let seconds = SettingsShape.seconds(of: text), (1...600).contains(seconds) else {
            throw Failure(.usage, "--timeout: expected a time from 1s to 10m, as in 60s, not \"\(text)\"")
        }
        return seconds
    }

    private static func guests(_ invocation: CommandLineParser.Invocation) throws(Failure) -> Int {
        let text = invocation.value("guests") ?? ""
        guard let count = Int(text), (0...100_000).contains(count) else {
            throw Failure(.usage, "--guests: expected a whole number from 0 to 100000, not \"\(text)\"")
        }
        return count
    }
}
