/// Reads the variables of a board.
enum VariableReader {
    static func read(_ tree: JSONTree, _ sources: DataSourceReader, into board: inout Board) {
        var names: Set<String> = []
        func add(_ variable: BoardVariable) {
            guard board.variables.count < Board.variableLimit else {
                if board.variables.count == Board.variableLimit, !board.problems.contains(tooMany) { board.problems.append(tooMany) }
                return
            }
            guard names.insert(variable.name).inserted else {
                board.problems.append("there are two variables called \(variable.name)")
                return
            }
            board.variables.append(variable)
        }
        let constants = Dictionary(
            (tree["__inputs"]?.elements ?? []).prefix(100).filter { $0["type"]?.text == "constant" }
                .map { ("${\($0["name"]?.text ?? "")}", $0["value"]?.text ?? "") }
        ) { first, _ in first }
        for element in (tree.at("templating.list")?.elements ?? []).prefix(Board.variableLimit + 1) {
            guard let name = element["name"]?.text, isName(name) else {
                board.problems.append("a variable has no name")
                continue
            }
            if element["type"]?.text == "adhoc" || element["type"]?.text == "groupby" {
                board.problems.append("the variable \(name) is a filter of all queries, which is not supported")
                continue
            }
            var variable = variable(element, name: name, sources, &board.problems)
            // Boards that were exported for others have their constants among what is asked for, and name them here.
            if let constant = constants[variable.query] { (variable.query, variable.saved) = (constant, []) }
            add(variable)
        }
        // What the dialog of an import would ask for.
        for input in (tree["__inputs"]?.elements ?? []).prefix(100) {
            guard let name = input["name"]?.text, isName(name), !names.contains(name) else { continue }
            var variable = BoardVariable()
            (variable.name, variable.hide) = (name, 2)
            if input["type"]?.text == "datasource" {
                (variable.kind, variable.query) = (.dataSource, input["pluginId"]?.text ?? "prometheus")
            } else {
                variable.query = input["value"]?.text ?? ""
            }
            add(variable)
        }
    }

    private static let tooMany = "it has more than \(Board.variableLimit) variables"

    private static func isName(_ name: String) -> Bool {
        (1...100).contains(name.utf8.count)
            && name.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x5F, 0x61...0x7A: true
                default: false
                }
            }
    }

    private static func variable(_ tree: JSONTree, name: String, _ sources: DataSourceReader, _ problems: inout [String]) -> BoardVariable {
        var variable = BoardVariable()
        variable.name = name
        variable.label = (tree["label"]?.text ?? "").cut()
        variable.query = tree["query"]?.text ?? tree.at("query.query")?.text ?? tree["definition"]?.text ?? ""
        variable.regex = tree["regex"]?.text ?? ""
        variable.sort = tree["sort"]?.integer ?? 0
        variable.isMulti = tree["multi"]?.flag ?? false
        variable.includesAll = tree["includeAll"]?.flag ?? false
        variable.allValue = tree["allValue"]?.text.flatMap { $0.isEmpty ? nil : $0 }
        variable.hide = tree["hide"]?.integer ?? 0
        variable.saved = Array((tree.at("current.value")?.texts ?? []).prefix(1_000))
        if tree.at("current.text")?.texts == ["All"], variable.includesAll { variable.saved = [BoardVariable.all] }
        switch tree["type"]?.text {
        case "query":
            variable.kind = .query
            if sources.kind(tree["datasource"]) != .prometheus { variable.problem = "asks a data source that is not Prometheus" }
        case "custom": variable.kind = .custom
        case "interval":
            variable.kind = .interval
            if tree["auto"]?.flag == true {
                variable.automaticCount = max(1, min(tree["auto_count"]?.integer ?? 30, 10_000))
                variable.automaticMinimum = tree["auto_min"]?.text ?? ""
            }
        case "datasource": variable.kind = .dataSource
        case "textbox": variable.kind = .textBox
        case "constant": variable.hide = 2
        case let type:
            problems.append(
                "the variable \(name) is of the kind \((type ?? "none").prefix(40)), which is not supported, and keeps its value")
            variable.query = variable.saved.first ?? variable.query
            variable.hide = 2
        }
        return variable
    }
}
