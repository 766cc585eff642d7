import Objects
extension KindSchema { var openAPI: ObjectValue { ["type": "object"] } }
