import LLMCollector
import Primitives
import Serving
import Settings

/// `martlet metrics`
enum MetricsCommand {
    static let command = Command(
        "metrics", "Lists every metric that martlet may serve",
        flags: [
            Flag("format", "FORMAT", "table or markdown; of --llm-tables json or markdown", standard: "table"),
            Flag("llm-tables", nil, "Which names of LLM servers become which metrics, and what each kind of server tells"),
        ])

    static func text(_ invocation: CommandLineParser.Invocation) throws(Failure) -> String {
        if invocation.isOn("llm-tables") {
            switch invocation.value("format") {
            case "json", "table": return ServerReference.json
            case "markdown": return ServerReference.markdown
            case let other: throw Failure(.usage, "--format: expected json or markdown, not \"\(other ?? "")\"")
            }
        }
        let reference = MetricsReference(
            Collectors.descriptors, introduction: introduction, dropIn: (Collectors.dropInDescriptors, "On /pve", dropInIntroduction))
        switch invocation.value("format") {
        case "table": return reference.table
        case "markdown": return reference.markdown
        case let other: throw Failure(.usage, "--format: expected table or markdown, not \"\(other ?? "")\"")
        }
    }
}

extension MetricsCommand {
    private static let introduction = """
        # Metrics

        Every family that martlet may serve, in the order of the exposition. This page is made from the catalogue in the program by
        `make docs`; `make check` fails when it is out of date. What `promtool check metrics` says of names that had to stay as they are
        known stands in [lint-exceptions.txt](lint-exceptions.txt). The level is the least `exporter.detail` that shows a family;
        [cardinality.md](cardinality.md) helps to choose one. `martlet_` and `process_` families are shown at each.

        """

    private static let dropInIntroduction = """
        What `/pve` answers: the names, labels and meanings of prometheus-pve-exporter, never mixed with those above in one answer. What differs
        on purpose is in [migration.md](migration.md). `exporter.detail` and `exporter.series_limit` leave it as it is.


        """
}

/// `martlet settings`
enum SettingsCommand {
    static let command = Command(
        "settings", "Prints the reference of all settings",
        flags: [Flag("format", "FORMAT", "markdown, or env for a file of variables as Docker Compose reads it", standard: "markdown")])

    static func text(_ invocation: CommandLineParser.Invocation) throws(Failure) -> String {
        switch invocation.value("format") {
        case "markdown":
            return SettingsReference(
                Configuration.shape, introduction: introduction, variables: Configuration.variables,
                variablesIntroduction: variablesIntroduction
            ).markdown
        case "env": return EnvironmentReference(Configuration.shape, variables: Configuration.variables).text
        case let other: throw Failure(.usage, "--format: expected markdown or env, not \"\(other ?? "")\"")
        }
    }
}

extension SettingsCommand {
    private static let introduction = """
        # Settings

        All settings of `martlet.yml`. Each can also be given as an environment variable: `log.level` is `MARTLET_LOG__LEVEL`, the first cluster's name
        `MARTLET_PROXMOX__CLUSTERS__0__NAME`. An entry of a list has its number too, `MARTLET_PROXMOX__SLOW__SKIP__0`; a comma separates nothing.
        A variable goes over the file, a flag over both. Paths count from the working directory; a duration without a unit counts
        seconds. This page is made from the program by `make docs`; `make check` fails when it is out of date.

        """

    private static let variablesIntroduction = """
        Read beside the settings above. The `PROXMOX_` ones, as other tools know them, and `TARGET_NODES` describe one cluster: they count only when `PROXMOX_HOST` is set, and then
        no cluster may be in the file.

        """
}
