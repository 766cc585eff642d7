import Metrics
import Ownership

/// What the collector tells of itself.
struct OwnFamilies {
    private static let state = LabelSchema("state")
    private static let family = LabelSchema("family")
    private static let branch = LabelSchema("branch")
    private static let states = ["answering", "unreachable", "absent"]
    private static let name = "llm_monitor_exporter_container_engine"

    private let engineState, answerAge, failures, dropped, droppedContainers: Metric

    init(_ catalogue: inout Catalogue) {
        engineState = catalogue.gauge(
            "\(Self.name)_state", "Whether Docker or Podman answers on its socket, 1 for the present state.", labels: Self.state,
            source: "martlet")
        answerAge = catalogue.gauge("\(Self.name)_answer_age_seconds", "Time since the container engine answered last.", source: "martlet")
        failures = catalogue.counter(
            "\(Self.name)_failures_total", "Times that the container engine's answers or its stream of events broke off.", source: "martlet"
        )
        dropped = catalogue.counter(
            "llm_monitor_exporter_series_dropped_total",
            "Series of containers that were left out, as there were more than containers.limit.",
            labels: Self.family, source: "martlet")
        droppedContainers = catalogue.counter(
            "llm_monitor_exporter_containers_dropped_total",
            "Containers and groups of a user or a unit that were left out of scrapes, at least, as there were more than one may have.",
            labels: Self.branch, source: "martlet")
    }

    func write(
        _ view: ContainerEngine.View, _ dropped: [(family: String, count: Int)], _ containers: [(branch: String, count: Int)], now: Double,
        into buffer: inout SampleBuffer
    ) {
        let present =
            switch view.state {
            case .absent: "absent"
            case .unreachable: "unreachable"
            case .answering: "answering"
            }
        for state in Self.states { buffer.add(engineState, buffer.labels(Self.state, state), state == present) }
        buffer.add(answerAge, .empty, view.answeredAt.map { max(0, now - $0) })
        buffer.add(failures, .empty, Double(view.failures))
        for (family, count) in dropped { buffer.add(self.dropped, buffer.labels(Self.family, family), Double(count)) }
        for (branch, count) in containers { buffer.add(droppedContainers, buffer.labels(Self.branch, branch), Double(count)) }
    }
}
