"""Rendering emails: the workspace's sandbox, in which a blank fact is undefined."""

from jinja2 import TemplateError

from workspace.templating import line_of, render

__all__ = ["TemplateError", "line_of", "render"]
