import Primitives

/// Reads a board out of its JSON.
enum BoardReader {
    static func read(_ root: JSONTree) throws(Failure) -> Board {
        let (tree, name) = try classic(root)
        guard tree["panels"] != nil || tree["rows"] != nil || tree["title"] != nil else {
            throw Failure(.malformed, "it is no Grafana board: it has neither panels nor a title")
        }
        var board = Board()
        board.uid = (tree["uid"]?.text ?? name ?? "").cut()
        board.title = (tree["title"]?.text ?? "").cut()
        board.description = tree["description"]?.text ?? ""
        board.tags = (tree["tags"]?.texts ?? []).prefix(100).map { $0.cut() }
        board.schemaVersion = tree["schemaVersion"]?.integer ?? 0
        board.timezone = tree["timezone"]?.text.flatMap { $0.isEmpty ? nil : $0.cut(bytes: 100) } ?? "browser"
        // Boards that do not refresh say so with false, or with nothing.
        if case .text(let refresh)? = tree["refresh"] { board.refresh = refresh.cut(bytes: 100) }
        if let from = tree.at("time.from")?.text, let to = tree.at("time.to")?.text, TimePoint.isReadable(from), TimePoint.isReadable(to) {
            (board.from, board.to, board.hasOwnTimes) = (from, to, true)
        }
        board.graphTooltip = tree["graphTooltip"]?.integer ?? (tree["sharedCrosshair"]?.flag == true ? 1 : 0)
        if (1..<36).contains(board.schemaVersion) {
            board.problems.append(
                "its schema \(board.schemaVersion) is older than 36, the first that is known here: it is renewed as far as known")
        }
        if board.schemaVersion > 42 {
            board.problems.append("its schema \(board.schemaVersion) is newer than 42, the last that is known here")
        }
        let sources = DataSourceReader(tree)
        VariableReader.read(tree, sources, into: &board)
        for link in (tree["links"]?.elements ?? []).prefix(100) { board.links.append(Self.link(link)) }
        for annotation in (tree.at("annotations.list")?.elements ?? []).prefix(100) {
            if let read = Self.annotation(annotation, sources, &board.problems) { board.annotations.append(read) }
        }
        var panels = PanelList(sources: sources)
        panels.read(tree)
        board.panels = panels.panels
        board.problems += panels.problems
        return board
    }

    /// The classic board in what may be wrapped around it, and the name that the wrapping has for it.
    private static func classic(_ root: JSONTree) throws(Failure) -> (JSONTree, String?) {
        guard case .object = root else { throw Failure(.malformed, "it is no Grafana board: it is no JSON object") }
        let version = root["apiVersion"]?.text ?? ""
        let spec = root["spec"]
        if version.contains("/v2") || root["elements"] != nil || spec?["elements"] != nil {
            throw Failure(
                .malformed,
                "it is written in Grafana's schema v2, which is not read here; export it with \"Export the dashboard to use in another instance\" off and the model Classic"
            )
        }
        if let spec, !version.isEmpty { return (spec, root.at("metadata.name")?.text) }
        if let inner = root["dashboard"], root["panels"] == nil, case .object = inner { return (inner, nil) }
        return (root, nil)
    }

    private static func link(_ tree: JSONTree) -> BoardLink {
        var link = BoardLink()
        link.title = (tree["title"]?.text ?? "").cut()
        link.url = tree["url"]?.text ?? ""
        link.keepTime = tree["keepTime"]?.flag ?? false
        link.includeVariables = tree["includeVars"]?.flag ?? false
        link.newTab = tree["targetBlank"]?.flag ?? false
        if tree["type"]?.text == "dashboards" { link.tags = (tree["tags"]?.texts ?? []).prefix(100).map { $0.cut() } }
        return link
    }

    private static func annotation(_ tree: JSONTree, _ sources: DataSourceReader, _ problems: inout [String]) -> BoardAnnotation? {
        guard tree["builtIn"]?.flag != true, tree["type"]?.text != "dashboard" else { return nil }
        var annotation = BoardAnnotation()
        annotation.name = (tree["name"]?.text ?? "").cut()
        annotation.expression = tree["expr"]?.text ?? tree.at("target.expr")?.text ?? ""
        guard sources.kind(tree["datasource"]) == .prometheus, !annotation.expression.isEmpty else {
            problems.append("the annotation \(annotation.name) asks a data source that is not supported")
            return nil
        }
        guard !["on", "true", "1"].contains(tree["useValueForTime"]?.text) else {
            problems.append("the annotation \(annotation.name) takes its times from values, which is not supported")
            return nil
        }
        annotation.color = tree["iconColor"]?.text ?? ""
        annotation.step = tree["step"]?.text ?? tree.at("target.interval")?.text ?? ""
        annotation.title = tree["titleFormat"]?.text ?? ""
        annotation.text = tree["textFormat"]?.text ?? ""
        annotation.isEnabled = tree["enable"]?.flag ?? true
        return annotation
    }
}

/// Knows what kind of data source is meant, by type, name, variable or the placeholder of an export.
struct DataSourceReader {
    enum Kind: Equatable {
        case prometheus
        case loki
        /// What it is called.
        case other(String)
    }

    /// Types by the names of variables and placeholders.
    private var types: [String: String] = [:]

    init(_ board: JSONTree) {
        for input in (board["__inputs"]?.elements ?? []).prefix(100) {
            if let name = input["name"]?.text { types[name] = input["pluginId"]?.text ?? "prometheus" }
        }
        for variable in (board.at("templating.list")?.elements ?? []).prefix(1_000) where variable["type"]?.text == "datasource" {
            if let name = variable["name"]?.text { types[name] = variable["query"]?.text ?? "prometheus" }
        }
    }

    func kind(_ tree: JSONTree?, default fallback: Kind = .prometheus) -> Kind {
        guard let tree else { return fallback }
        if case .object = tree {
            let uid = tree["uid"]?.text ?? ""
            guard let type = tree["type"]?.text, !type.isEmpty else { return named(uid, fallback) }
            if uid == "-- Mixed --" { return fallback }
            return typed(type)
        }
        return named(tree.text ?? "", fallback)
    }

    private func named(_ name: String, _ fallback: Kind) -> Kind {
        switch name {
        case "", "-- Mixed --", "default": return fallback
        case "-- Grafana --", "grafana": return .other("Grafana itself")
        case "-- Dashboard --": return .other("another panel")
        case "__expr__", "-100": return .other("an expression")
        default: break
        }
        if let reference = Template.names(in: name).first { return types[reference].map(typed) ?? fallback }
        return name.lowercased().contains("loki") ? .loki : .prometheus
    }

    private func typed(_ type: String) -> Kind {
        switch type {
        case "prometheus", "grafana-amazonprometheus-datasource", "victoriametrics-metrics-datasource": .prometheus
        case "loki": .loki
        case "grafana": .other("Grafana itself")
        case "__expr__": .other("an expression")
        case "datasource": .other("another panel")
        default: .other(String(type.prefix(100)))
        }
    }
}
