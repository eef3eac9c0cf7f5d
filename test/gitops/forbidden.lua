return { status = string.upper("healthy"), message = ("x"):rep(2) }
