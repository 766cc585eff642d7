print("martlet-manager")
