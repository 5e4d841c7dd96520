def write(study): pass
