package import Primitives
package import Settings

/// The section `gpu` of the settings.
package struct GPUSettings: Sendable, Equatable {
    /// Which names there are.
    package enum Names: String, Sendable, CaseIterable {
        /// `llm_monitor_gpu_*`, `llm_monitor_vgpu_*`.
        case native
        /// The seven `nvidia_gpu_*`.
        case compatible
        case both
    }

    /// NVIDIA's library; nil for the driver's own.
    package var library: String?
    package var intervalSeconds = 5.0
    package var stuckAfterSeconds = 30.0
    package var names = Names.both
    package var isPerProcess = false

    package init() {}

    /// What may stand in the section beside `enabled`.
    package static let keys = [
        SettingsKey(
            "library", .text, "NVIDIA's management library, an absolute path or a name that the system finds.",
            standard: "libnvidia-ml.so.1"
        ),
        SettingsKey(
            "interval", .seconds(1...300), "Time between two samples of a card; scrapes show the last.", standard: "5s"),
        SettingsKey(
            "stuck_after", .seconds(5...600),
            "How long a call of the library may hang before the helper that makes it is killed and started anew.", standard: "30s"),
        SettingsKey(
            "names", .choice(Names.allCases.map(\.rawValue)),
            "Which metrics there are: native llm_monitor_gpu_*, the seven nvidia_gpu_* of nvidia_gpu_prometheus_exporter, or both.",
            standard: Names.both.rawValue),
        SettingsKey(
            "per_process", .flag, "Also a series for each process on a card, with its pid; owners have theirs in any case.",
            standard: "false"),
    ]

    /// - Parameter tree: the section `gpu`.
    package init(_ tree: SettingsTree) throws(Failure) {
        library = tree.word("library")
        if let library, library.contains("/"), !library.hasPrefix("/") {
            throw tree["library"].failure(
                "library: \(quoted(library)) is a path of a working directory; write it from the root, or the name alone")
        }
        intervalSeconds = tree["interval"].seconds ?? 5
        stuckAfterSeconds = tree["stuck_after"].seconds ?? 30
        names = tree["names"].text.flatMap(Names.init(rawValue:)) ?? .both
        isPerProcess = tree["per_process"].flag ?? false
    }
}
