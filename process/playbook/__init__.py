"""The process as pages to read and to print, for whoever is new to it. Pure but for playbook.folder."""
