import LLMCollector
import Primitives
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
        let reference = MetricsReference(Collectors.descriptors, dropIn: Collectors.dropInDescriptors)
        switch invocation.value("format") {
        case "table": return reference.table
        case "markdown": return reference.markdown
        case let other: throw Failure(.usage, "--format: expected table or markdown, not \"\(other ?? "")\"")
        }
    }
}

/// `martlet settings`
enum SettingsCommand {
    static let command = Command(
        "settings", "Prints the reference of all settings",
        flags: [Flag("format", "FORMAT", "markdown, or env for a file of variables as Docker Compose reads it", standard: "markdown")])

    static func text(_ invocation: CommandLineParser.Invocation) throws(Failure) -> String {
        switch invocation.value("format") {
        case "markdown": return SettingsReference(Configuration.shape, variables: Configuration.variables).markdown
        case "env": return EnvironmentReference(Configuration.shape, variables: Configuration.variables).text
        case let other: throw Failure(.usage, "--format: expected markdown or env, not \"\(other ?? "")\"")
        }
    }
}
